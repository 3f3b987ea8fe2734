import type { Series } from './figure';

/** The index of the first x at or above `value`. */
export function firstAtOrAbove(x: ArrayLike<number>, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The index of the point nearest to `value`; -1 where there is none. */
export function nearestIndex(x: ArrayLike<number>, length: number, value: number): number {
  if (length === 0) return -1;
  const after = Math.min(firstAtOrAbove(x, length, value), length - 1);
  return after > 0 && value - x[after - 1]! < x[after]! - value ? after - 1 : after;
}

/** One point beyond each end of `from`…`to`, so that a line runs on to the edge of the picture. */
function visible({ x, length }: Series, from: number, to: number): [first: number, end: number] {
  return [Math.max(0, firstAtOrAbove(x, length, from) - 1), Math.min(length, firstAtOrAbove(x, length, to) + 2)];
}

/**
 * Which points draw the same picture on `columns` pixel columns: of each column the first and the last point, the
 * smallest, the largest, and one of each kind that is not finite or is zero. So no spike and no NaN is lost.
 * @returns ascending indices, at most 7 a column; all points where they are few.
 */
export function decimate(series: Series, from: number, to: number, columns: number): Uint32Array {
  const { x, y } = series;
  const [first, end] = visible(series, from, to);
  if (end - first <= columns * 2 || columns < 1) return Uint32Array.from({ length: end - first }, (_, i) => first + i);
  const kept = new Uint32Array((columns + 3) * 7);
  const scale = columns / (to - from);
  let count = 0;
  let start = first;
  while (start < end) {
    const column = Math.floor((x[start]! - from) * scale);
    let low = -1;
    let high = -1;
    let zero = -1;
    let nan = -1;
    let infinite = -1;
    let i = start;
    for (; i < end && Math.floor((x[i]! - from) * scale) === column; i++) {
      const value = y[i]!;
      if (value === 0) zero = zero < 0 ? i : zero;
      if (value - value === 0) {
        if (low < 0 || value < y[low]!) low = i;
        if (high < 0 || value > y[high]!) high = i;
      } else if (value !== value) nan = nan < 0 ? i : nan;
      else infinite = infinite < 0 ? i : infinite;
    }
    count = addAscending(kept, count, [start, low, high, zero, nan, infinite, i - 1]);
    start = i;
  }
  return kept.subarray(0, count);
}

function addAscending(kept: Uint32Array, count: number, indices: number[]): number {
  indices.sort((a, b) => a - b);
  for (const index of indices) if (index >= 0 && (count === 0 || kept[count - 1] !== index)) kept[count++] = index;
  return count;
}

/** The points of a series that `indices` name. */
export const pick = ({ x, y }: Series, indices: Uint32Array): Series & { x: Float64Array; y: Float32Array } => ({
  x: Float64Array.from(indices, (index) => x[index]!),
  y: Float32Array.from(indices, (index) => y[index]!),
  length: indices.length,
});
