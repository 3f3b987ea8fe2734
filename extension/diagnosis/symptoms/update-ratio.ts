import type { Telemetry } from '../../protocol/telemetry';
import { alikeWeightLayers } from '../depth-profile';
import { isProgressing } from '../progress';
import { names, number } from '../sentence';
import { median } from '../statistics';
import type { Symptom } from '../symptom';
import { firstSteps, updateRatios } from '../update-size';

/** An update of more than the weights themselves replaces the initialization; it does not refine it. */
const overthrow = 1;

/**
 * A learning rate is too high for a network, not for a layer: Adam's first steps are as large as the rate in every layer.
 * A head alone may be thrown over by a large first gradient, and the network train well afterwards.
 */
const mostLayers = 0.5;

/** From the largest ratio that is called healthy to the smallest (TheDeepChecker: 1e-1 and 1e-4). */
const healthySpan = 1e3;

/** ‖update‖ / ‖weight‖ of a step: about 1e-3 in a training that goes well (CS231n). */
export const updateRatio: Symptom = {
  id: 'update-ratio',
  threshold: 0.1,
  reference: 'TheDeepChecker; about 1e-3 is healthy (CS231n)',
  detect: ({ telemetry, threshold, found, t }) => {
    // A gradient that explodes explains large steps, one that vanishes small ones.
    if (found.some(({ symptom }) => symptom === 'exploding-gradient')) return [];
    const progressing = isProgressing(telemetry);
    const beginning = ratiosBy(telemetry, (values) => Math.max(...values.slice(0, firstSteps)));
    const first = beginning.filter(({ ratio }) => ratio > overthrow);
    if (first[0] && (first.length >= mostLayers * beginning.length || !progressing)) {
      const layers = first.sort((a, b) => b.ratio - a.ratio).map(({ layer }) => layer);
      const { ratio } = first[0];
      const message = t(
        'The first steps are too large: an update of {0} is up to {1} times the weights themselves.',
        names(layers, t),
        number(ratio),
      );
      return [{ severity: 'warning', layers, value: ratio, threshold: overthrow, message }];
    }
    if (found.some(({ symptom }) => symptom === 'vanishing-gradient')) return [];
    const ratios = ratiosBy(telemetry, median);
    const large = ratios.filter(({ ratio }) => ratio > threshold).sort((a, b) => b.ratio - a.ratio);
    if (large[0]) {
      const layers = large.map(({ layer }) => layer);
      const { ratio } = large[0];
      const message = t(
        'Steps are too large: an update of {0} is up to {1} of the weights themselves.',
        names(layers, t),
        number(ratio),
      );
      return [{ severity: progressing ? 'information' : 'warning', layers, value: ratio, message }];
    }
    // Small steps at the end of a loss that has fallen are convergence.
    const least = threshold / healthySpan;
    const small = ratios.filter(({ ratio }) => ratio < least).sort((a, b) => a.ratio - b.ratio);
    if (!small[0] || progressing) return [];
    const layers = small.map(({ layer }) => layer);
    const { ratio } = small[0];
    const message = t('Steps are too small: an update of {0} is {1} of the weights.', names(layers, t), number(ratio));
    return [{ severity: 'warning', layers, value: ratio, threshold: least, message }];
  },
};

/** Of each weight layer one number that `reduce` makes of ‖update‖ / ‖weight‖ by step; layers that never move are left out. */
const ratiosBy = (
  telemetry: Telemetry,
  reduce: (ratios: readonly number[]) => number,
): { layer: string; ratio: number }[] =>
  alikeWeightLayers(telemetry)
    .map((layer) => ({ layer: telemetry.layers[layer]!.name, ratio: reduce(updateRatios(telemetry, layer)) }))
    .filter(({ ratio }) => ratio > 0);
