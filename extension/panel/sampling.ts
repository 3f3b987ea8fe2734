import { panelBytes, type SampledRows } from '../protocol/panel-messages';
import { stepColumn } from '../protocol/run';

/** How many rows of this width a panel may hold. */
export const rowBudget = (width: number, bytes = panelBytes): number =>
  Math.max(2, Math.floor(bytes / Float32Array.BYTES_PER_ELEMENT / width));

/** The smallest power of two that brings `steps` rows within the budget. */
export function strideFor(steps: number, budget: number): number {
  let stride = 1;
  while (Math.ceil(steps / stride) > budget) stride *= 2;
  return stride;
}

/**
 * One row of every `stride` steps: the one with the largest gradient, so that no spike, and no NaN, is lost.
 * @param rows steps × width, row-major
 * @param from the first step to sample, a multiple of `stride`
 * @param to one past the last step
 */
export function sampleRows(rows: Float32Array, width: number, from: number, to: number, stride: number): SampledRows {
  const steps = Int32Array.from({ length: Math.ceil((to - from) / stride) }, (_, index) => {
    const first = from + index * stride;
    return first + largest(rows, width, first, Math.min(to, first + stride));
  });
  const sampled = new Float32Array(steps.length * width);
  steps.forEach((step, index) => {
    sampled.set(rows.subarray(step * width, (step + 1) * width), index * width);
  });
  return { steps, rows: sampled };
}

const column = stepColumn('gradientNorm');

function largest(rows: Float32Array, width: number, from: number, to: number): number {
  let best = 0;
  for (let offset = 1; offset < to - from; offset++) {
    const value = rows[(from + offset) * width + column]!;
    const highest = rows[(from + best) * width + column]!;
    if (!Number.isFinite(highest)) break;
    if (value > highest || !Number.isFinite(value)) best = offset;
  }
  return best;
}
