/**
 * The telemetry of a run as notebooks store it: one series for each quantity of each layer, thinned out, as bytes. A
 * series of numbers in JSON would take a line for each number and lose what JSON cannot write.
 */
import type { StepColumn } from './run';

/** What is charted of a layer. The first and the update ratio are taken over all parameters of the layer together. */
export const quantities = [
  'weightGradient',
  'activationGradient',
  'updateRatio',
  'mean',
  'std',
  'zeroShare',
  'saturatedShare',
  'deadShare',
] as const;
export type Quantity = (typeof quantities)[number];

/** Little-endian numbers in Base64. */
export type Packed = string;

export interface StoredSeries {
  /** Samples in each series; of a short run, every step. */
  length: number;
  /** Numbers of the steps, ascending: int32. */
  steps: Packed;
  /** Float32, as everything below. */
  ofStep: Readonly<Partial<Record<StepColumn, Packed>>>;
  /** By layer; null where the layer has no such quantity. */
  ofLayer: Readonly<Partial<Record<Quantity, readonly (Packed | null)[]>>>;
  /** ‖∂L/∂h_t‖ by recurrent layer: samples × time, row-major. */
  throughTime: readonly Packed[];
}

const chunk = 0x8000;

/** @param values of a machine that stores its least significant byte first, as all do that run this */
export function pack(values: Float32Array | Int32Array): Packed {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += chunk) text += String.fromCharCode(...bytes.subarray(i, i + chunk));
  return btoa(text);
}

function bytesOf(packed: Packed): Uint8Array<ArrayBuffer> {
  const text = atob(packed);
  const bytes = new Uint8Array(text.length - (text.length % 4));
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** @throws DOMException for what is not Base64 */
export const unpackFloats = (packed: Packed): Float32Array<ArrayBuffer> => new Float32Array(bytesOf(packed).buffer);

/** @throws DOMException for what is not Base64 */
export const unpackIntegers = (packed: Packed): Int32Array<ArrayBuffer> => new Int32Array(bytesOf(packed).buffer);
