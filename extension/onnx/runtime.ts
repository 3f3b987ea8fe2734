import type { Tensor, TensorType } from './tensor';

/**
 * What the core asks of ONNX Runtime. The trainer implements it, so that nothing else loads native code.
 * Models are serialized ONNX bytes.
 */
export interface Runtime {
  /** The inferred type of each output of a model, without running it. A size that stays open is undefined. */
  outputTypes(
    model: Uint8Array,
  ): Promise<Map<string, { dtype: TensorType['dtype']; shape: readonly (number | undefined)[] }>>;
  /** Runs a model once on the CPU. */
  run(model: Uint8Array, feeds: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>>;
}
