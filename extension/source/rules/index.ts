/** Every lint rule, in the order of their codes. */
import { batchNormMisuse } from './GD405-batch-norm-misuse';
import { biasBeforeBatchNorm } from './GD406-bias-before-batch-norm';
import { clipAfterStep } from './GD101-clip-after-step';
import { clipBeforeBackward } from './GD102-clip-before-backward';
import { clipBeforeUnscale } from './GD103-clip-before-unscale';
import { constantInit } from './GD202-constant-init';
import { deepPlainStack } from './GD401-deep-plain-stack';
import { deepWithoutNormalization } from './GD402-deep-without-normalization';
import { initMismatch } from './GD201-init-mismatch';
import { initScale } from './GD203-init-scale';
import { learningRateRange } from './GD108-learning-rate-range';
import { missingActivation } from './GD303-missing-activation';
import { missingZeroGrad } from './GD105-missing-zero-grad';
import { noGradient } from './GD107-no-gradient';
import { recurrentInit } from './GD204-recurrent-init';
import { recurrentWithoutClipping } from './GD104-recurrent-without-clipping';
import type { Rule } from './rule';
import { saturatingStack } from './GD301-saturating-stack';
import { schedulerOrder } from './GD106-scheduler-order';
import { softmaxBeforeLoss } from './GD302-softmax-before-loss';
import { transformerBlock } from './GD404-transformer-block';
import { vanillaRnnLongSequence } from './GD403-vanilla-rnn-long-sequence';

export const rules: readonly Rule[] = [
  clipAfterStep,
  clipBeforeBackward,
  clipBeforeUnscale,
  recurrentWithoutClipping,
  missingZeroGrad,
  schedulerOrder,
  noGradient,
  learningRateRange,
  initMismatch,
  constantInit,
  initScale,
  recurrentInit,
  saturatingStack,
  softmaxBeforeLoss,
  missingActivation,
  deepPlainStack,
  deepWithoutNormalization,
  vanillaRnnLongSequence,
  transformerBlock,
  batchNormMisuse,
  biasBeforeBatchNorm,
];

/** What `source.fixAll.gradientDoctor` and `lint --fix` may change without being asked for a rule by name. */
export const fixAllCodes: readonly string[] = ['GD101', 'GD102', 'GD103', 'GD106'];
