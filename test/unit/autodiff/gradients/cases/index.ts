import { activationCases } from './activations';
import type { GradientCase } from './case';
import { columnCases, convolutionCases, poolingCases } from './convolution';
import { elementwiseCases } from './elementwise';
import { indexingCases } from './indexing';
import { linearCases } from './linear';
import { normalizationCases } from './normalization';
import { reductionCases } from './reduction';
import { samplingCases } from './sampling';
import { shapeCases } from './shape';

export const cases: readonly GradientCase[] = [
  ...elementwiseCases,
  ...activationCases,
  ...linearCases,
  ...convolutionCases,
  ...columnCases,
  ...poolingCases,
  ...reductionCases,
  ...shapeCases,
  ...indexingCases,
  ...samplingCases,
  ...normalizationCases,
];
