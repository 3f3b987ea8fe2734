/** The catalogue: every remedy, in the order in which the guide presents them. */
import { batchNorm } from './batch-norm';
import { clipGradNorm } from './clip-grad-norm';
import { clipGradValue } from './clip-grad-value';
import { cosineAnnealingLr } from './cosine-annealing-lr';
import { elu } from './elu';
import { exponentialLr } from './exponential-lr';
import { gelu } from './gelu';
import { gru } from './gru';
import { highway } from './highway';
import { kaimingNormal } from './kaiming-normal';
import { kaimingUniform } from './kaiming-uniform';
import { layerNorm } from './layer-norm';
import { leakyRelu } from './leaky-relu';
import { logits } from './logits';
import { longSkip } from './long-skip';
import { lowerLr } from './lower-lr';
import { lstm } from './lstm';
import { lsuv } from './lsuv';
import { mish } from './mish';
import { orthogonal } from './orthogonal';
import { raiseLr } from './raise-lr';
import { reduceLrOnPlateau } from './reduce-lr-on-plateau';
import { relu } from './relu';
import type { Remedy } from './remedy';
import { residual } from './residual';
import { selfAttention } from './self-attention';
import { selu } from './selu';
import { silu } from './silu';
import { spectralNorm } from './spectral-norm';
import { stepLr } from './step-lr';
import { warmup } from './warmup';
import { weightNorm } from './weight-norm';
import { xavierNormal } from './xavier-normal';
import { xavierUniform } from './xavier-uniform';

export const remedies: readonly Remedy[] = [
  clipGradNorm,
  clipGradValue,
  xavierUniform,
  xavierNormal,
  kaimingUniform,
  kaimingNormal,
  orthogonal,
  lsuv,
  batchNorm,
  layerNorm,
  weightNorm,
  spectralNorm,
  exponentialLr,
  cosineAnnealingLr,
  reduceLrOnPlateau,
  stepLr,
  lowerLr,
  raiseLr,
  warmup,
  relu,
  leakyRelu,
  elu,
  selu,
  gelu,
  silu,
  mish,
  residual,
  longSkip,
  highway,
  lstm,
  gru,
  selfAttention,
  logits,
];

const byId = new Map(remedies.map((remedy) => [remedy.id, remedy]));

export const findRemedy = (id: string): Remedy | undefined => byId.get(id);
