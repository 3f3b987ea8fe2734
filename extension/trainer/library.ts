/** The native ONNX Runtime. It loads on first use, in the trainer process alone. */
import { createRequire } from 'node:module';
import type * as OnnxRuntime from 'onnxruntime-node';
import { InputError } from '../protocol/errors';

export type Library = typeof OnnxRuntime;

/**
 * Names the folder of another copy of onnxruntime-node: the runtime looks for its CUDA library beside itself only, and
 * the one that is shipped has none.
 */
export const runtimeVariable = 'GRADIENT_DOCTOR_RUNTIME';

/** @throws InputError where the variable names no ONNX Runtime */
export async function loadLibrary(): Promise<Library> {
  const other = process.env[runtimeVariable];
  if (!other) return import('onnxruntime-node');
  try {
    return createRequire(__filename)(other) as Library;
  } catch {
    throw new InputError(`${runtimeVariable} names ${other}, where there is no onnxruntime-node that can be loaded.`);
  }
}
