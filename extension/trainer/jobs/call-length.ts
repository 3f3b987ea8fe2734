/** How many steps one call of the runtime takes. */
import { sizeOf } from '../../onnx/tensor';
import type { TrainingGraph } from '../../training/training-graph';

/**
 * One call of the runtime takes about this long: charts stay live, a cancel is heard within a second, and the states,
 * which every call copies, are copied seldom. Large ones take 10 ms and more, and a call is longer for them.
 */
const callMilliseconds = { usual: 300, largeStates: 500 };

/** Elements. */
const largeStates = 2 ** 22;

/** Nor does a call take more batches than this many elements. */
const largestStack = 2 ** 24;

/** @param count steps that the last call took, in `milliseconds`. */
export function stepsForNextCall({ batches, states }: TrainingGraph, count: number, milliseconds: number): number {
  const batchSize = [...batches.values()].reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
  const most = Math.max(1, Math.floor(largestStack / batchSize));
  const stateSize = states.reduce((sum, { initial }) => sum + initial.data.length, 0);
  const budget = callMilliseconds[stateSize < largeStates ? 'usual' : 'largeStates'];
  return Math.max(1, Math.min(most, 2 * count, Math.floor((budget * count) / milliseconds)));
}
