/** Gradient clipping as torch.nn.utils does it: by the global norm, or element by element. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Experiment } from '../protocol/experiment';
import { measure, totalNorm } from './magnitudes';

export interface Clipped {
  gradients: readonly Value[];
  /** Of each clipped gradient. */
  each: Value;
  /** The global norm before and after, scalars. */
  norms: { gradientNorm: Value; clippedGradientNorm: Value };
}

/** @param each the norms of the gradients */
export function clip(
  g: GraphBuilder,
  clipping: Experiment['clipping'],
  gradients: readonly Value[],
  each: Value,
): Clipped {
  const gradientNorm = totalNorm(g, each);
  if (!clipping) return { gradients, each, norms: { gradientNorm, clippedGradientNorm: gradientNorm } };
  if (clipping.kind === 'value') {
    const limited = gradients.map((gradient) => g.max(g.min(gradient, clipping.limit), -clipping.limit));
    const limitedNorms = measure(g, { weights: limited }).weights!;
    const clippedGradientNorm = totalNorm(g, limitedNorms);
    return { gradients: limited, each: limitedNorms, norms: { gradientNorm, clippedGradientNorm } };
  }
  // 1e-6 is PyTorch's guard against a division by zero.
  const factor = g.min(g.div(clipping.limit, g.add(gradientNorm, 1e-6)), 1);
  return {
    gradients: gradients.map((gradient) => g.mul(gradient, g.cast(factor, gradient.dtype))),
    each: g.mul(each, factor),
    norms: { gradientNorm, clippedGradientNorm: g.mul(gradientNorm, factor) },
  };
}
