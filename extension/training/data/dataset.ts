/** Samples in memory, handed out in batches. Which rows a step gets depends on the seed and the step alone. */
import { arrayOf, sizeOf, type Tensor, type TensorType } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';
import { Random } from '../random';

/** The name of the array that holds what the outputs ought to be. */
export const targetName = 'target';

export interface Column {
  array: Tensor;
  /** The axis that counts samples; undefined where all samples share the array. */
  axis: number | undefined;
}

export class Dataset {
  readonly rows: number;
  readonly batch: number;
  /** Batches until the data is used up; what is left over sits out the epoch, others in the next one. */
  readonly stepsPerEpoch: number;
  private order: { epoch: number; rows: Uint32Array };

  /**
   * @param rows the rows of the arrays that belong to this data set
   * @param shuffled whether every epoch has an order of its own; else rows come as they are listed
   */
  constructor(
    readonly columns: ReadonlyMap<string, Column>,
    private readonly members: Uint32Array,
    batch: number,
    private readonly seed: number,
    private readonly shuffled: boolean,
  ) {
    this.rows = members.length;
    this.batch = batch;
    this.stepsPerEpoch = Math.floor(this.rows / batch);
    this.order = { epoch: -1, rows: members };
  }

  /** The type of one batch of an array. */
  batchType(name: string): TensorType {
    const { array, axis } = this.columns.get(name)!;
    return { dtype: array.dtype, shape: array.shape.map((size, i) => (i === axis ? this.batch : size)) };
  }

  /** The batches of consecutive steps, stacked: `[count, …batchType(name)]` for every array. */
  stack(firstStep: number, count: number): Map<string, Tensor> {
    const rows = Array.from({ length: count }, (_, i) => this.rowsOf(firstStep + i));
    return new Map(
      Array.from(this.columns, ([name, column]) => {
        const { dtype, shape } = this.batchType(name);
        const size = sizeOf(shape);
        const data = new (arrayOf(dtype as 'float32'))(count * size);
        rows.forEach((chosen, i) => {
          gather(column, chosen, data.subarray(i * size, (i + 1) * size) as Float32Array);
        });
        return [name, { dtype, shape: [count, ...shape], data }];
      }),
    );
  }

  private rowsOf(step: number): Uint32Array {
    const epoch = Math.floor(step / this.stepsPerEpoch);
    if (this.shuffled && epoch !== this.order.epoch) {
      const shuffle = new Random(this.seed, `order of epoch ${epoch}`).permutation(this.rows);
      this.order = { epoch, rows: shuffle.map((i) => this.members[i]!) };
    }
    const start = (step % this.stepsPerEpoch) * this.batch;
    return this.order.rows.subarray(start, start + this.batch);
  }
}

/** Copies rows of an array into a batch. */
function gather({ array, axis }: Column, rows: Uint32Array, batch: Float32Array): void {
  const source = array.data as Float32Array;
  if (axis === undefined) {
    batch.set(source);
    return;
  }
  const inner = sizeOf(array.shape.slice(axis + 1));
  const outer = sizeOf(array.shape.slice(0, axis));
  const total = array.shape[axis]!;
  let at = 0;
  for (let block = 0; block < outer; block++)
    for (const row of rows) {
      const start = (block * total + row) * inner;
      batch.set(source.subarray(start, start + inner), at);
      at += inner;
    }
}

export interface Split {
  training: Dataset;
  /** Rows held out, in batches of the same size; undefined where none are. */
  validation: Dataset | undefined;
}

/**
 * Holds out a share of the rows, chosen by the seed.
 * @param cycled keeps the rows in their order, epoch after epoch: for data that was made in batches
 * @throws InputError where too few rows remain on either side
 */
export function split(
  columns: ReadonlyMap<string, Column>,
  {
    batch,
    seed,
    validation = 0,
    cycled = false,
  }: { batch: number; seed: number; validation?: number; cycled?: boolean },
): Split {
  const rows = rowCount(columns, batch);
  if (!(validation >= 0 && validation < 1))
    throw new InputError(`A share of ${validation} cannot be held out for validation: give a number from 0 to 1.`);
  const all = Uint32Array.from({ length: rows }, (_, i) => i);
  // One batch keeps its order: it is the same batch whichever way it is shuffled.
  const heldOut = Math.round(validation * rows);
  if (heldOut === 0)
    return { training: new Dataset(columns, all, batch, seed, !cycled && rows > batch), validation: undefined };
  if (heldOut < batch || rows - heldOut < batch)
    throw new InputError(
      `Of ${rows} rows, ${heldOut} held out for validation leave ${rows - heldOut}: both need a batch of ${batch}. Use a smaller --batch or more rows.`,
    );
  const order = new Random(seed, 'validation').permutation(rows);
  const members = order.slice(heldOut).sort();
  return {
    training: new Dataset(columns, members, batch, seed, !cycled),
    validation: new Dataset(columns, order.slice(0, heldOut).sort(), batch, seed, false),
  };
}

function rowCount(columns: ReadonlyMap<string, Column>, batch: number): number {
  let first: { name: string; rows: number } | undefined;
  for (const [name, { array, axis }] of columns) {
    if (axis === undefined) continue;
    const rows = array.shape[axis] ?? 0;
    if (first && rows !== first.rows)
      throw new InputError(`The array "${first.name}" has ${first.rows} rows, "${name}" has ${rows}.`);
    first = { name, rows };
  }
  return first?.rows ?? batch;
}
