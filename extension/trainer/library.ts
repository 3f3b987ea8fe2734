/** The native ONNX Runtime. It loads on first use, in the trainer process alone. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';

export type Library = typeof OnnxRuntime;

/**
 * Names the folder of another copy of onnxruntime-node: the runtime looks for its CUDA library beside itself only, and
 * the one that is shipped has none.
 */
export const runtimeVariable = 'GRADIENT_DOCTOR_RUNTIME';

export const loadLibrary = async (): Promise<Library> => {
  const other = process.env[runtimeVariable];
  return other ? (createRequire(__filename)(other) as Library) : import('onnxruntime-node');
};
