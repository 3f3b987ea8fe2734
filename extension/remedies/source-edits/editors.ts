/** How each remedy is written, by framework. A remedy without an entry for TensorFlow.js cannot be expressed there. */
import type { Framework } from '../../source/analyse';
import type { RemedyParameters } from '../remedy';
import type { Code } from './code';
import { activationEditor } from './activation';
import { cellEditor } from './cell';
import { clippingEditor } from './clipping';
import { initializationEditor } from './initialization';
import { learningRateEditor } from './learning-rate';
import { logitsEditor } from './logits';
import { longSkipEditor } from './long-skip';
import { lsuvEditor } from './lsuv';
import { normalizationEditor } from './normalization';
import { parametrizationEditor } from './parametrization';
import { scheduleEditor } from './schedule';
import { tensorFlowLsuvEditor } from './tensorflow-lsuv';
import { tensorFlowSelfAttentionEditor } from './tensorflow-self-attention';
import { selfAttentionEditor } from './self-attention';
import { highwayEditor, residualEditor } from './skip';

/** Remedies that are written together are written in this order: each looks at what the earlier ones left. */
export const stages = [
  'activation',
  'cell',
  'normalization',
  'skip',
  'parametrization',
  'initialization',
  'optimizer',
] as const;

export interface SourceEditor {
  stage: (typeof stages)[number];
  /**
   * @param parameters with defaults filled in. @param given those that were asked for.
   * @returns the title of the edit.
   * @throws DoesNotFit with the reason where it cannot be done exactly.
   */
  edit(code: Code, parameters: RemedyParameters, given: RemedyParameters): string;
}

export type SourceEditors = Partial<Record<Framework, SourceEditor>>;

const both = (editor: SourceEditor): SourceEditors => ({ pytorch: editor, tensorflow: editor });

export const sourceEditors: Readonly<Record<string, SourceEditors>> = {
  'clip-grad-norm': both(clippingEditor('norm')),
  'clip-grad-value': both(clippingEditor('value')),
  'xavier-uniform': both(initializationEditor('xavier-uniform')),
  'xavier-normal': both(initializationEditor('xavier-normal')),
  'kaiming-uniform': both(initializationEditor('kaiming-uniform')),
  'kaiming-normal': both(initializationEditor('kaiming-normal')),
  orthogonal: both(initializationEditor('orthogonal')),
  'batch-norm': both(normalizationEditor('batch-norm')),
  'layer-norm': both(normalizationEditor('layer-norm')),
  'weight-norm': { pytorch: parametrizationEditor('weight-norm') },
  'spectral-norm': { pytorch: parametrizationEditor('spectral-norm') },
  'exponential-lr': both(scheduleEditor('exponential-lr')),
  'cosine-annealing-lr': both(scheduleEditor('cosine-annealing-lr')),
  'reduce-lr-on-plateau': both(scheduleEditor('reduce-lr-on-plateau')),
  'step-lr': both(scheduleEditor('step-lr')),
  'lower-lr': both(learningRateEditor),
  'raise-lr': both(learningRateEditor),
  logits: both(logitsEditor),
  warmup: both(scheduleEditor('warmup')),
  residual: both(residualEditor),
  'long-skip': both(longSkipEditor),
  lsuv: { pytorch: lsuvEditor, tensorflow: tensorFlowLsuvEditor },
  'self-attention': { pytorch: selfAttentionEditor, tensorflow: tensorFlowSelfAttentionEditor },
  highway: both(highwayEditor),
  relu: both(activationEditor('relu')),
  'leaky-relu': both(activationEditor('leaky-relu')),
  elu: both(activationEditor('elu')),
  selu: both(activationEditor('selu')),
  gelu: both(activationEditor('gelu')),
  silu: both(activationEditor('silu')),
  mish: both(activationEditor('mish')),
  lstm: both(cellEditor('lstm')),
  gru: both(cellEditor('gru')),
};
