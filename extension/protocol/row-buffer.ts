import type { StepChunk } from './run';

const firstCapacity = 64;

/** The rows of a run while it grows: one block of memory, doubled when it is full. */
export class RowBuffer {
  private block: Float32Array;
  steps: number;

  /** @param rows complete rows of `width` columns to begin with */
  constructor(
    readonly width: number,
    rows: Float32Array = new Float32Array(0),
  ) {
    this.block = rows;
    this.steps = width > 0 ? rows.length / width : 0;
  }

  append({ firstStep, count, rows }: StepChunk): void {
    if (firstStep !== this.steps || rows.length !== count * this.width)
      throw new RangeError(`Steps ${firstStep}…${firstStep + count} do not follow step ${this.steps}.`);
    const needed = (this.steps + count) * this.width;
    if (needed > this.block.length) {
      const larger = new Float32Array(Math.max(needed, this.block.length * 2, firstCapacity * this.width));
      larger.set(this.rows);
      this.block = larger;
    }
    this.block.set(rows, this.steps * this.width);
    this.steps += count;
  }

  /** A view, valid until the next append: steps × width, row-major. */
  get rows(): Float32Array {
    return this.block.subarray(0, this.steps * this.width);
  }
}
