/** Which remedies are worth a trial, and in which order: by findings, by the network's family, in the guide's order. */
import type { Finding } from '../protocol/finding';
import type { LayerInfo } from '../protocol/run';
import { remedies } from './index';
import { tiers, type Remedy } from './remedy';

export type NetworkFamily = 'convolutional' | 'recurrent' | 'transformer' | 'feed-forward';

export function familyOf(layers: readonly LayerInfo[]): NetworkFamily {
  const kinds = new Set(layers.map(({ kind }) => kind));
  if (kinds.has('attention')) return 'transformer';
  if (kinds.has('recurrent')) return 'recurrent';
  return kinds.has('conv') ? 'convolutional' : 'feed-forward';
}

/** What the guide recommends for a family of networks comes first within its tier. */
const recommended: Readonly<Record<NetworkFamily, readonly string[]>> = {
  convolutional: ['batch-norm', 'residual', 'relu', 'leaky-relu', 'kaiming-normal'],
  recurrent: ['clip-grad-norm', 'lstm', 'gru', 'layer-norm', 'orthogonal'],
  transformer: ['residual', 'layer-norm', 'gelu', 'warmup'],
  'feed-forward': ['relu', 'kaiming-normal', 'residual', 'layer-norm', 'batch-norm', 'silu', 'lsuv'],
};

/** Remedies against one of the symptoms, the most promising first. Diverging runs see clipping first. */
export function candidates(findings: readonly Finding[], layers: readonly LayerInfo[]): Remedy[] {
  const symptoms = new Set(findings.filter(({ severity }) => severity !== 'information').map(({ symptom }) => symptom));
  const preferred = recommended[familyOf(layers)];
  const diverging = symptoms.has('non-finite') || symptoms.has('exploding-gradient');
  const rank = (remedy: Remedy): number => {
    const matches = remedy.against.filter((symptom) => symptoms.has(symptom)).length;
    const place = preferred.indexOf(remedy.id);
    const urgent = diverging && remedy.family === 'clipping' ? -1000 : 0;
    return urgent + tiers.indexOf(remedy.tier) * 100 + (place < 0 ? 50 : place) - matches;
  };
  return remedies
    .filter(({ against }) => against.some((symptom) => symptoms.has(symptom)))
    .sort((a, b) => rank(a) - rank(b));
}
