import type { Telemetry } from '../../protocol/telemetry';
import type { Translate } from '../../protocol/text';
import { weightLayers } from '../depth-profile';
import { blindGuess, isProgressing } from '../progress';
import { names, number } from '../sentence';
import { median, range } from '../statistics';
import type { Sighting, Symptom } from '../symptom';

/** Before these the weights are still those of the initialization, all but. */
const firstSteps = 3;

/** Deep residual networks begin at up to ten times a guess, and train. */
const farFromGuess = 30;

/** The spread of what the layers put out grows or shrinks with depth before training has done anything. */
export const poorInitialization: Symptom = {
  id: 'poor-initialization',
  threshold: 10,
  reference:
    'SageMaker Debugger’s limit for the variance of weights between layers, applied to the scale of activations',
  detect: ({ telemetry, threshold, t }) => {
    const alike = unbroken(telemetry, t);
    if (alike) return [alike];
    const loud = tooSure(telemetry, t);
    if (loud) return [loud];
    const points = weightLayers(telemetry)
      .map((layer) => ({ layer: telemetry.layers[layer]!.name, std: initialDeviation(telemetry, layer) }))
      // A layer of zeros is often meant so, and has no scale to compare.
      .filter(({ std }) => std > 0);
    if (points.length < 3) return [];
    const quarter = Math.max(1, Math.floor(points.length / 4));
    const typical = (some: typeof points): number => median(some.map(({ std }) => std));
    const first = typical(points.slice(0, quarter));
    const last = typical(points.slice(-quarter));
    const ratio = Math.max(first / last, last / first);
    if (!(ratio > threshold)) return [];
    const away = ({ std }: { std: number }): number => Math.abs(Math.log(std / first));
    const course = [number(first), number(last)] as const;
    return [
      {
        severity: isProgressing(telemetry) ? 'information' : 'warning',
        layers: points
          .filter((point) => away(point) > Math.log(threshold))
          .sort((a, b) => away(b) - away(a))
          .map(({ layer }) => layer),
        value: ratio,
        message:
          last > first
            ? t(
                'The initial weights do not keep the scale of the activations: their standard deviation grows from {0} in the first layers to {1} in the last.',
                ...course,
              )
            : t(
                'The initial weights do not keep the scale of the activations: their standard deviation shrinks from {0} in the first layers to {1} in the last.',
                ...course,
              ),
      },
    ];
  },
};

/** Weights that all have one value: whatever the loss does, the layer is worth a single unit. */
function unbroken({ run }: Telemetry, t: Translate): Sighting | undefined {
  const { constantWeights = [] } = run.header;
  if (constantWeights.length === 0) return undefined;
  return {
    severity: 'error',
    layers: constantWeights,
    value: constantWeights.length,
    threshold: 0,
    reference: 'symmetry must be broken (Goodfellow et al., 2016, section 8.4)',
    message: t(
      'The weights of {0} all have one value: their units get the same gradient and stay alike for ever.',
      names(constantWeights, t),
    ),
  };
}

/** A loss at the first step that is many times that of a blind guess: the outputs are far too large. */
function tooSure(telemetry: Telemetry, t: Translate): Sighting | undefined {
  // Of an unknown number of classes, two.
  const { loss } = telemetry.run.header.settings;
  const guess = blindGuess(telemetry) || (loss === 'cross-entropy' ? Math.LN2 : NaN);
  const ratio = telemetry.loss(0) / guess;
  if (!(ratio > farFromGuess)) return undefined;
  return {
    severity: 'warning',
    layers: telemetry.layers.slice(-1).map(({ name }) => name),
    value: ratio,
    threshold: farFromGuess,
    reference: 'the loss of a blind guess, which an untrained network should be near (Karpathy, 2019)',
    message: t(
      'The initial weights make the outputs far too large: the first loss is {0}, a blind guess has {1}.',
      number(telemetry.loss(0)),
      number(guess),
    ),
  };
}

function initialDeviation(telemetry: Telemetry, layer: number): number {
  const deviations = range(Math.min(firstSteps, telemetry.steps)).map((step) =>
    telemetry.activation(step, layer, 'std'),
  );
  return median(deviations.filter(Number.isFinite));
}
