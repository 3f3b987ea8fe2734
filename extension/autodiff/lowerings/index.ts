/** The lowering of every operator that is rewritten before differentiation; the others are already canonical. */
import { elementwiseLowerings } from './elementwise';
import type { Lowerings } from './lowering';
import { normalizationLowerings } from './normalization';
import { reductionLowerings } from './reduction';
import { shapeLowerings } from './shape';
import { softmaxLowerings } from './softmax';

export const lowerings: Lowerings = {
  ...elementwiseLowerings,
  ...normalizationLowerings,
  ...reductionLowerings,
  ...shapeLowerings,
  ...softmaxLowerings,
};
