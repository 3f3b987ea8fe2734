/** Gradient clipping as torch.nn.utils does it: by the global norm, or element by element. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Experiment } from '../protocol/experiment';
import { measure, norms, totalNorm } from './magnitudes';

export interface Clipped {
  gradients: readonly Value[];
  /** The global norm before and after, scalars. */
  gradientNorm: Value;
  clippedGradientNorm: Value;
  /** What all gradients have been multiplied with, a scalar; or else the norm of each after clipping, a vector. */
  clippingFactor?: Value;
  clippedNorms?: Value;
}

/** @param each the norms of the gradients */
export function clip(
  g: GraphBuilder,
  clipping: NonNullable<Experiment['clipping']>,
  gradients: readonly Value[],
  each: Value,
): Clipped {
  const gradientNorm = totalNorm(g, each);
  if (clipping.kind === 'value') {
    const limited = gradients.map((gradient) => g.max(g.min(gradient, clipping.limit), -clipping.limit));
    const measured = measure(g, { weights: limited });
    const clippedNorms = norms(g, measured, measured.weights);
    return { gradients: limited, gradientNorm, clippedGradientNorm: totalNorm(g, clippedNorms), clippedNorms };
  }
  // 1e-6 is PyTorch's guard against a division by zero.
  const clippingFactor = g.min(g.div(clipping.limit, g.add(gradientNorm, 1e-6)), 1);
  return {
    gradients: gradients.map((gradient) => g.mul(gradient, g.cast(clippingFactor, gradient.dtype))),
    gradientNorm,
    clippedGradientNorm: g.mul(gradientNorm, clippingFactor),
    clippingFactor,
  };
}
