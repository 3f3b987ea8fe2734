/** Gradient clipping as torch.nn.utils does it: by the global norm, or element by element. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Experiment } from '../protocol/experiment';
import { magnitudes, totalNorm } from './magnitudes';

export interface Clipped {
  gradients: readonly Value[];
  /** The global norm before and after, scalars. */
  norms: { gradientNorm: Value; clippedGradientNorm: Value };
}

/** @param norms of the gradients, one element each. */
export function clip(
  g: GraphBuilder,
  clipping: Experiment['clipping'],
  gradients: readonly Value[],
  norms: Value,
): Clipped {
  const gradientNorm = totalNorm(g, norms);
  if (!clipping) return { gradients, norms: { gradientNorm, clippedGradientNorm: gradientNorm } };
  if (clipping.kind === 'value') {
    const limited = gradients.map((gradient) => g.max(g.min(gradient, clipping.limit), -clipping.limit));
    const clippedGradientNorm = totalNorm(g, magnitudes(g, limited).norm);
    return { gradients: limited, norms: { gradientNorm, clippedGradientNorm } };
  }
  // 1e-6 is PyTorch's guard against a division by zero.
  const factor = g.min(g.div(clipping.limit, g.add(gradientNorm, 1e-6)), 1);
  return {
    gradients: gradients.map((gradient) => g.mul(gradient, g.cast(factor, gradient.dtype))),
    norms: { gradientNorm, clippedGradientNorm: g.mul(gradientNorm, factor) },
  };
}
