import type { Telemetry } from '../../protocol/telemetry';
import {
  activationGradientProfile,
  depthRatio,
  earlyWindow,
  lateWindow,
  weightGradientProfile,
  weightLayers,
  type DepthProfile,
} from '../depth-profile';
import type { Translate } from '../../protocol/text';
import { isProgressing, progressOf } from '../progress';
import { names, number } from '../sentence';
import { median } from '../statistics';
import type { Sighting, Symptom } from '../symptom';

/** Below this mean absolute gradient nothing is learned (SageMaker Debugger's VanishingGradient, DeepDiagnosis). */
const absoluteLimit = 1e-7;

/** A loss that has lost this much of its start is on its way. */
const halfWay = 0.5;

/** The first layers receive a vanishing share of the gradient that the last ones receive. */
export const vanishingGradient: Symptom = {
  id: 'vanishing-gradient',
  threshold: 1e-3,
  reference: 'AutoTrainer: gradient of the first over the last layer',
  detect: ({ telemetry, threshold, found, t }) => {
    const early = starvedBy(telemetry, threshold, earlyWindow(telemetry), t);
    // Blocks without a skip may let the gradient through at first and close in training. At a minimum it may be small.
    const closing = progressOf(telemetry).drop < halfWay;
    const byRatio = early ?? (closing ? starvedBy(telemetry, threshold, lateWindow(telemetry), t) : undefined);
    if (byRatio) {
      // Zero below a layer in which nothing fires is that layer's fault, not a decay.
      const blocked = found.some(({ symptom, value }) => symptom === 'dead-units' && value >= 1);
      return byRatio.value === 0 && blocked ? [] : [byRatio];
    }
    const inPart = (closing ? closingOf(telemetry, t) : undefined) ?? between(telemetry, threshold, t);
    return inPart ? [inPart] : everywhere(telemetry, weightGradientProfile(telemetry), t);
  },
};

/** Share of the gradient that the first layers keep of what they received in the first steps. */
const kept = 0.1;

/** Below this share of what the last layers receive, a share that falls is worth a word. */
const small = 0.1;

/**
 * The first layers lose their share of the gradient while the loss hardly falls. In a network that trains, theirs grows:
 * the last layers learn first, and then send more back.
 */
function closingOf(telemetry: Telemetry, t: Translate): Sighting | undefined {
  const early = depthRatio(activationGradientProfile(telemetry));
  const late = depthRatio(activationGradientProfile(telemetry, lateWindow(telemetry)));
  if (!early || !late || !(late.ratio < small && late.ratio < kept * early.ratio)) return undefined;
  const starved = late.layers.filter(({ ratio }) => ratio < small).sort((a, b) => a.ratio - b.ratio);
  return {
    severity: 'warning',
    layers: starved.map(({ layer }) => layer),
    value: late.ratio / early.ratio,
    threshold: kept,
    reference: 'the trend over the run: in networks that train, the share of the first layers rises (see the handbook)',
    message: t(
      'Gradients vanish as training goes on: the first layers receive {0} of what the last layers receive ({1}), {2} in the first steps.',
      number(late.ratio),
      late.measure,
      number(early.ratio),
    ),
  };
}

/** The worse of the two measures over some steps. */
const starvedBy = (telemetry: Telemetry, threshold: number, window: number[], t: Translate): Sighting | undefined =>
  [weightGradientProfile(telemetry, window), activationGradientProfile(telemetry, window)]
    .flatMap((profile) => againstDepth(profile, threshold, t) ?? [])
    .sort((a, b) => a.value - b.value)[0];

function againstDepth(profile: DepthProfile, threshold: number, t: Translate): Sighting | undefined {
  const depth = depthRatio(profile);
  if (!depth || !(depth.ratio < threshold)) return undefined;
  const starved = depth.layers.filter(({ ratio }) => ratio < threshold).sort((a, b) => a.ratio - b.ratio);
  const { layer, ratio } = starved[0]!;
  const told = [layer, number(ratio), profile.measure, starved.length, number(threshold)] as const;
  return {
    severity: 'error',
    layers: starved.map((one) => one.layer),
    value: ratio,
    message:
      starved.length > 1
        ? t(
            'Gradients vanish: {0} receives {1} of what the last layers receive ({2}). {3} layers get less than {4} of it.',
            ...told,
          )
        : t('Gradients vanish: {0} receives {1} of what the last layers receive ({2}).', ...told),
  };
}

/** Fewer layers are a branch of its own. */
const fewestBetween = 3;

/**
 * Layers between the first and the last receive nothing, from the first steps to the last: a skip around all of them feeds
 * the first and passes them by. A branch that starts from zero opens in training.
 */
function between(telemetry: Telemetry, threshold: number, t: Translate): Sighting | undefined {
  const starvedIn = (window: number[]) => {
    const depth = depthRatio(weightGradientProfile(telemetry, window));
    const starved = depth?.layers.filter(({ ratio }) => ratio < threshold && ratio * depth.last < absoluteLimit);
    // Exactly 0 is a layer that the loss does not depend on.
    return new Map(starved?.filter(({ ratio }) => ratio > 0).map(({ layer, ratio }) => [layer, ratio]));
  };
  const late = starvedIn(lateWindow(telemetry));
  const starved = [...starvedIn(earlyWindow(telemetry))]
    .filter(([layer]) => late.has(layer))
    .sort(([, a], [, b]) => a - b);
  if (starved.length < Math.max(fewestBetween, weightLayers(telemetry).length / 4)) return undefined;
  const [layer, ratio] = starved[0]!;
  return {
    severity: 'warning',
    layers: starved.map(([name]) => name),
    value: ratio,
    message: t(
      'Gradients vanish between the first layers and the last: {0} layers receive next to nothing, {1} the least, {2} of what the last layers receive.',
      starved.length,
      layer,
      number(ratio),
    ),
  };
}

/** Too small in every layer alike, though the loss sends a gradient and has not fallen: not the calm of a minimum. */
function everywhere(telemetry: Telemetry, { points }: DepthProfile, t: Translate): Sighting[] {
  const largest = Math.max(...points.map(({ magnitude }) => magnitude));
  if (points.length === 0 || largest >= absoluteLimit || isProgressing(telemetry)) return [];
  const output = telemetry.layers.length - 1;
  const fromLoss = median(earlyWindow(telemetry).map((step) => telemetry.activation(step, output, 'gradientRms')));
  if (largest === 0 || !(fromLoss > absoluteLimit)) return [];
  const layers = points.map(({ layer }) => layer);
  return [
    {
      severity: 'error',
      layers,
      value: largest,
      threshold: absoluteLimit,
      reference: 'SageMaker Debugger (VanishingGradient)',
      message: t(
        'Gradients vanish in every layer: {0} receive at most {1} per weight, and the loss does not fall.',
        names(layers, t),
        number(largest),
      ),
    },
  ];
}
