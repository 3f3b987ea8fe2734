/** Which remedies are worth a trial, how strong, and in which order: by findings, by the network's family, by the guide. */
import { percentile } from '../diagnosis/statistics';
import type { Experiment, Use } from '../protocol/experiment';
import type { Finding, SymptomId } from '../protocol/finding';
import type { LayerInfo, Run } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { usualUpdateRatio } from '../diagnosis/update-size';
import { gradientNorms } from '../diagnosis/gradient-norms';
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
  recurrent: ['clip-grad-norm', 'lstm', 'gru', 'layer-norm', 'orthogonal', 'self-attention'],
  transformer: ['residual', 'layer-norm', 'xavier-uniform', 'gelu', 'warmup'],
  'feed-forward': ['relu', 'kaiming-normal', 'residual', 'batch-norm', 'layer-norm', 'silu', 'lsuv'],
};

/** Symptoms that the size of the steps brings about by itself: the learning rate comes before the architecture. */
const ofTheSteps: ReadonlySet<SymptomId> = new Set([
  'update-ratio',
  'oscillating-loss',
  'loss-not-decreasing',
  'ineffective-clipping',
]);

/** Remedies against one of the symptoms, the most promising first. Diverging runs see clipping and smaller steps first. */
export function candidates(findings: readonly Finding[], layers: readonly LayerInfo[]): Remedy[] {
  const symptoms = new Set(findings.filter(({ severity }) => severity !== 'information').map(({ symptom }) => symptom));
  const preferred = recommended[familyOf(layers)];
  const diverging = symptoms.has('non-finite') || symptoms.has('exploding-gradient');
  const ofSteps = [...symptoms].every((symptom) => ofTheSteps.has(symptom));
  const rank = (remedy: Remedy): number => {
    const matches = remedy.against.filter((symptom) => symptoms.has(symptom)).length;
    const place = preferred.indexOf(remedy.id);
    const early =
      remedy.family === 'output' ||
      (diverging && remedy.family === 'clipping') ||
      ((diverging || ofSteps) && remedy.tier === 'optimizer' && remedy.family === 'learning-rate');
    return (early ? -1000 : 0) + tiers.indexOf(remedy.tier) * 100 + (place < 0 ? 50 : place) - matches;
  };
  return remedies
    .filter(({ against }) => against.some((symptom) => symptoms.has(symptom)))
    .sort((a, b) => rank(a) - rank(b));
}

/** ‖update‖ / ‖weight‖ of a training that goes well (CS231n). */
const healthyUpdate = 1e-3;

/** A learning rate is tried some decades to either side of what the measured steps ask for. */
const strengths = [1, 10, 0.1, 100] as const;

/** A limit on the norm this much above or below the usual one is another limit. */
const noticeablyOther = 3;

/** The usual norm of a gradient that explodes is no limit to keep. */
const largestLimit = 1e3;

/** Where steps are larger still, it is not the learning rate that is wrong. */
const smallestFactor = 1e-6;

/**
 * A remedy at the strengths that suit this experiment and what its baseline measured: a schedule spans the steps, a
 * warm-up is their first tenth, a limit on the gradient is what it usually is, a learning rate makes steps of the usual size.
 */
export function usesOf(remedy: Remedy, { steps }: Experiment, baseline: Run): Use[] {
  const telemetry = new Telemetry(baseline);
  const use = (parameters: Record<string, number>): Use => ({
    id: remedy.id,
    parameters: remedy.parameters.parse(parameters),
  });
  switch (remedy.id) {
    case 'cosine-annealing-lr':
      return [use({ t_max: steps })];
    case 'step-lr':
      return [use({ step_size: Math.max(1, Math.floor(steps / 3)) })];
    case 'warmup':
      return [use({ steps: Math.max(1, Math.floor(steps / 10)) })];
    case 'clip-grad-norm': {
      const usual = Number(percentile(gradientNorms(telemetry), 0.5).toPrecision(2));
      const other = usual > 0 && usual <= largestLimit && Math.max(usual, 1 / usual) > noticeablyOther;
      return [use({}), ...(other ? [use({ max_norm: usual })] : [])];
    }
    case 'lower-lr':
      return factors(healthyUpdate / usualUpdateRatio(telemetry))
        .filter((factor) => factor < 1 && factor >= smallestFactor)
        .map((factor) => use({ factor }));
    case 'raise-lr':
      return factors(healthyUpdate / usualUpdateRatio(telemetry))
        .filter((factor) => factor > 1)
        .map((factor) => use({ factor }));
    default:
      return [use({})];
  }
}

/** Powers of ten around a wanted factor; a tenth and ten where the measurement says nothing of use. */
function factors(wanted: number): number[] {
  if (!(wanted >= smallestFactor && Number.isFinite(wanted))) return [0.1, 10];
  const nearest = Math.round(Math.log10(wanted));
  return strengths.map((strength) => Number((10 ** (nearest + Math.log10(strength))).toPrecision(1)));
}
