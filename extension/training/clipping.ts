/** Gradient clipping as torch.nn.utils does it: by the global norm, or element by element. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Experiment } from '../protocol/experiment';
import { measure, norms, totalNorm, type Care, type Measurements } from './magnitudes';
import type { Pack } from './packs';

/** What leaves the graph. */
export interface Clipped {
  /** The global norm before and after, scalars. */
  gradientNorm: Value;
  clippedGradientNorm: Value;
  /** What all gradients have been multiplied with, a scalar; or else the norm of each after clipping, a vector. */
  clippingFactor?: Value;
  clippedNorms?: Value;
}

export interface Clipping {
  /** One per pack. */
  directions: readonly Value[];
  told: Clipped;
  /** What has been measured to tell it. */
  measured?: Measurements;
}

/** @param each the norms of the gradients */
export function clip(
  g: GraphBuilder,
  clipping: NonNullable<Experiment['clipping']>,
  packs: readonly Pack[],
  each: Value,
  care: Care,
): Clipping {
  const gradientNorm = totalNorm(g, each);
  if (clipping.kind === 'value') {
    const directions = packs.map(({ gradient }) => g.max(g.min(gradient, clipping.limit), -clipping.limit));
    const limited = packs.map(({ members }, i) => ({ x: directions[i]!, members }));
    const measured = measure(g, { limited }, care);
    const clippedNorms = norms(g, measured, measured.limited);
    const told = { gradientNorm, clippedGradientNorm: totalNorm(g, clippedNorms), clippedNorms };
    return { directions, told, measured };
  }
  // 1e-6 is PyTorch's guard against a division by zero.
  const clippingFactor = g.min(g.div(clipping.limit, g.add(gradientNorm, 1e-6)), 1);
  return {
    directions: packs.map(({ gradient }) => g.mul(gradient, g.cast(clippingFactor, gradient.dtype))),
    told: { gradientNorm, clippedGradientNorm: g.mul(gradientNorm, clippingFactor), clippingFactor },
  };
}
