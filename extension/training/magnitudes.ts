/** How large tensors are: their norms, largest elements and non-finite elements, as vectors with one element per tensor. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { sizeOf } from '../onnx/tensor';

/** float32 vectors with one element per tensor. */
export interface Magnitudes {
  norm: Value;
  maxAbs: Value;
  nonFinite: Value;
}

const largestFloat = 3.4028234663852886e38;

export const flat = (g: GraphBuilder, x: Value): Value => g.reshape(g.cast(x, 'float32'), [sizeOf(x.shape)]);

/**
 * Each tensor is divided by its largest element before it is squared (Blue, "A portable Fortran program to find the
 * Euclidean norm of a vector", 1978): in float32 a plain sum of squares is 0 for norms below 1e-23 and infinite above
 * 1e19, and would turn a vanished gradient into none. The norm of a tensor with a NaN or an infinity is NaN.
 */
export function magnitudes(g: GraphBuilder, tensors: readonly Value[]): Magnitudes {
  const parts = tensors.map((tensor) => {
    const x = flat(g, tensor);
    const size = g.abs(x);
    const maxAbs = g.reduce('ReduceMax', size, [0], true);
    const scaled = g.div(x, g.where(g.greater(maxAbs, 0), maxAbs, 1));
    const norm = g.mul(maxAbs, g.sqrt(g.reduce('ReduceSumSquare', scaled, [0], true)));
    const finite = g.sum(g.cast(g.lessOrEqual(size, largestFloat), 'float32'), [0], true);
    return { norm, maxAbs, nonFinite: g.sub(sizeOf(x.shape), finite) };
  });
  return {
    norm: g.concat(
      parts.map((part) => part.norm),
      0,
    ),
    maxAbs: g.concat(
      parts.map((part) => part.maxAbs),
      0,
    ),
    nonFinite: g.concat(
      parts.map((part) => part.nonFinite),
      0,
    ),
  };
}

/** The norm of the concatenation of tensors, from their norms: a scalar. Scaled like the norms themselves. */
export function totalNorm(g: GraphBuilder, norms: Value): Value {
  const largest = g.reduce('ReduceMax', norms);
  const scaled = g.div(norms, g.where(g.greater(largest, 0), largest, 1));
  return g.mul(largest, g.sqrt(g.reduce('ReduceSumSquare', scaled)));
}
