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

export const gradientRules: GradientRules = {
  ...elementwiseRules,
  ...activationRules,
  ...softmaxRules,
  ...linearRules,
  ...einsumRules,
  ...convolutionRules,
  ...poolingRules,
  ...reductionRules,
  ...shapeRules,
  ...indexingRules,
  ...resizeRules,
  ...gridSampleRules,
  ...normalizationRules,
};
