import type { Telemetry } from '../../protocol/telemetry';
import type { Translate } from '../../protocol/text';
import { activationGradientProfile, depthRatio, weightGradientProfile } from '../depth-profile';
import { isProgressing } from '../progress';
import { names, number } from '../sentence';
import { median, range } from '../statistics';
import type { Sighting, Symptom } from '../symptom';

/** Above this gradient no step is sensible (TheDeepChecker). */
const absoluteLimit = 1e6;

/** The gradient grows on its way back through the layers, or from step to step until the loss goes with it. */
export const explodingGradient: Symptom = {
  id: 'exploding-gradient',
  threshold: 70,
  reference: 'AutoTrainer: gradient of the first over the last layer',
  detect: ({ telemetry, threshold, t }) => {
    const sighting =
      againstDepth(telemetry, threshold, t) ??
      (isProgressing(telemetry) ? undefined : (overTime(telemetry, threshold, t) ?? tooLarge(telemetry, t)));
    return sighting ? [sighting] : [];
  },
};

/**
 * ∂L/∂activation decides: the weights of a convolution gather gradients from every position, more of them in the early
 * layers, so a ratio of weight gradients above the limit is no sign of itself.
 */
function againstDepth(telemetry: Telemetry, threshold: number, t: Translate): Sighting | undefined {
  const depth = depthRatio(activationGradientProfile(telemetry)) ?? depthRatio(weightGradientProfile(telemetry));
  if (!depth || !(depth.ratio > threshold)) return undefined;
  const swollen = depth.layers.filter(({ ratio }) => ratio > threshold).sort((a, b) => b.ratio - a.ratio);
  const { layer, ratio } = swollen[0]!;
  return {
    severity: 'error',
    layers: swollen.map((one) => one.layer),
    value: ratio,
    message: t(
      'Gradients explode: {0} receives {1} times what the last layers receive ({2}).',
      layer,
      number(ratio),
      depth.measure,
    ),
  };
}

/** The norm of the whole gradient against its norm in the first steps. */
function overTime(telemetry: Telemetry, threshold: number, t: Translate): Sighting | undefined {
  const norms = range(telemetry.steps).map((step) => ({ step, norm: telemetry.step(step, 'gradientNorm') }));
  const start = median(
    norms
      .slice(0, 3)
      .map(({ norm }) => norm)
      .filter(Number.isFinite),
  );
  const peak = norms.filter(({ norm }) => Number.isFinite(norm)).reduce((a, b) => (b.norm > a.norm ? b : a), norms[0]!);
  const growth = peak.norm / start;
  if (!(start > 0 && growth > threshold)) return undefined;
  return {
    severity: 'error',
    layers: byGradient(telemetry, peak.step),
    value: growth,
    reference: 'AutoTrainer, applied from step to step',
    message: t(
      'Gradients explode: their norm grows {0} times, to {1} at step {2}, and the loss does not fall.',
      number(growth),
      number(peak.norm),
      peak.step,
    ),
  };
}

function tooLarge(telemetry: Telemetry, t: Translate): Sighting | undefined {
  const finite = range(telemetry.steps).find((step) => Number.isFinite(telemetry.step(step, 'gradientNorm')));
  if (finite === undefined) return undefined;
  const layers = byGradient(telemetry, finite);
  const rms = Math.max(...telemetry.layers.map((_, layer) => telemetry.weights(finite, layer)?.rms ?? 0));
  if (!(rms > absoluteLimit)) return undefined;
  return {
    severity: 'error',
    layers,
    value: rms,
    threshold: absoluteLimit,
    reference: 'TheDeepChecker',
    message: t(
      'Gradients explode: {0} receive up to {1} per weight at step {2}.',
      names(layers, t),
      number(rms),
      finite,
    ),
  };
}

/** Layers with weights, those with the largest gradient first. */
const byGradient = (telemetry: Telemetry, step: number): string[] =>
  telemetry.layers
    .map(({ name }, layer) => ({ name, rms: telemetry.weights(step, layer)?.rms ?? -1 }))
    .filter(({ rms }) => rms >= 0)
    .sort((a, b) => b.rms - a.rms)
    .map(({ name }) => name);
