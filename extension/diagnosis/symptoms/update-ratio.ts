import type { SymptomId } from '../../protocol/finding';
import type { Telemetry } from '../../protocol/telemetry';
import { weightLayers } from '../depth-profile';
import { isProgressing } from '../progress';
import { names, number } from '../sentence';
import { median, range } from '../statistics';
import type { Symptom } from '../symptom';

/** From the largest ratio that is called healthy to the smallest (TheDeepChecker: 1e-1 and 1e-4). */
const healthySpan = 1e3;

const explanations: ReadonlySet<SymptomId> = new Set(['vanishing-gradient', 'exploding-gradient']);

/** ‖update‖ / ‖weight‖ of a step: about 1e-3 in a training that goes well (CS231n). */
export const updateRatio: Symptom = {
  id: 'update-ratio',
  threshold: 0.1,
  reference: 'TheDeepChecker; about 1e-3 is healthy (CS231n)',
  detect: ({ telemetry, threshold, found }) => {
    // A gradient that explodes or vanishes explains the size of the steps.
    if (found.some(({ symptom }) => explanations.has(symptom))) return [];
    const progressing = isProgressing(telemetry);
    const ratios = weightLayers(telemetry)
      .map((layer) => ({ layer: telemetry.layers[layer]!.name, ratio: ratioOf(telemetry, layer) }))
      .filter(({ ratio }) => ratio > 0);
    const large = ratios.filter(({ ratio }) => ratio > threshold).sort((a, b) => b.ratio - a.ratio);
    if (large[0]) {
      const layers = large.map(({ layer }) => layer);
      const { ratio } = large[0];
      const message = `Steps are too large: an update of ${names(layers)} is up to ${number(ratio)} of the weights themselves.`;
      return [{ severity: progressing ? 'information' : 'warning', layers, value: ratio, message }];
    }
    // Small steps at the end of a loss that has fallen are convergence.
    const least = threshold / healthySpan;
    const small = ratios.filter(({ ratio }) => ratio < least).sort((a, b) => a.ratio - b.ratio);
    if (!small[0] || progressing) return [];
    const layers = small.map(({ layer }) => layer);
    const { ratio } = small[0];
    const message = `Steps are too small: an update of ${names(layers)} is ${number(ratio)} of the weights.`;
    return [{ severity: 'warning', layers, value: ratio, threshold: least, message }];
  },
};

const ratioOf = (telemetry: Telemetry, layer: number): number =>
  median(
    range(telemetry.steps)
      .map((step) => telemetry.weights(step, layer))
      .map((weights) => (weights ? weights.updateNorm / weights.weightNorm : NaN))
      .filter(Number.isFinite),
  );
