/** The table of gradient rules: what an operator's node adds to the backward graph. */
import type { GradientRules } from '../rule';
import { activationRules } from './activations';
import { convolutionRules } from './convolution';
import { einsumRules } from './einsum';
import { elementwiseRules } from './elementwise';
import { gridSampleRules } from './grid-sample';
import { indexingRules } from './indexing';
import { linearRules } from './linear';
import { normalizationRules } from './normalization';
import { poolingRules } from './pooling';
import { reductionRules } from './reduction';
import { resizeRules } from './resize';
import { shapeRules } from './shape';
import { softmaxRules } from './softmax';

/** The rules by the file that holds them. */
export const gradientFamilies: Readonly<Record<string, GradientRules>> = {
  elementwise: elementwiseRules,
  activations: activationRules,
  softmax: softmaxRules,
  linear: linearRules,
  einsum: einsumRules,
  convolution: convolutionRules(),
  pooling: poolingRules,
  normalization: normalizationRules,
  reduction: reductionRules,
  shape: shapeRules,
  indexing: indexingRules,
  resize: resizeRules,
  'grid-sample': gridSampleRules,
};

export const gradientRules: GradientRules = Object.assign({}, ...Object.values(gradientFamilies)) as GradientRules;
