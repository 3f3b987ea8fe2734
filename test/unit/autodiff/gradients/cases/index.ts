import { activationCases } from './activations';
import type { GradientCase } from './case';
import { convolutionCases, poolingCases } from './convolution';
import { elementwiseCases } from './elementwise';
import { linearCases } from './linear';
import { normalizationCases } from './normalization';
import { reductionCases } from './reduction';
import { shapeCases } from './shape';

export const cases: readonly GradientCase[] = [
  ...elementwiseCases,
  ...activationCases,
  ...linearCases,
  ...convolutionCases,
  ...poolingCases,
  ...reductionCases,
  ...shapeCases,
  ...normalizationCases,
];
