/** The lowering of every operator that is rewritten before differentiation; the others are already canonical. */
import { attentionLowerings } from './attention';
import { deformableConvolutionLowerings } from './deformable-convolution';
import { elementwiseLowerings } from './elementwise';
import { fourierLowerings } from './fourier';
import { lossLowerings } from './losses';
import type { Lowerings } from './lowering';
import { normalizationLowerings } from './normalization';
import { reductionLowerings } from './reduction';
import { resamplingLowerings } from './resampling';
import { shapeLowerings } from './shape';
import { softmaxLowerings } from './softmax';

export const lowerings: Lowerings = {
  ...attentionLowerings,
  ...elementwiseLowerings,
  ...deformableConvolutionLowerings,
  ...fourierLowerings,
  ...lossLowerings,
  ...normalizationLowerings,
  ...reductionLowerings,
  ...resamplingLowerings,
  ...shapeLowerings,
  ...softmaxLowerings,
};
