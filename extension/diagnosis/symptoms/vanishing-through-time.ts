import { progressOf } from '../progress';
import { number } from '../sentence';
import type { Symptom } from '../symptom';
import { timeProfiles } from './through-time';

/** The early time steps receive a vanishing share of the gradient: nothing is learned from what happened long ago. */
export const vanishingThroughTime: Symptom = {
  id: 'vanishing-through-time',
  threshold: 1e-3,
  reference: 'AutoTrainer’s limit between layers, applied to time steps (Bengio et al., 1994)',
  detect: ({ telemetry, threshold, t }) => {
    const starved = timeProfiles(telemetry)
      .filter(({ ratio }) => ratio < threshold)
      .sort((a, b) => a.ratio - b.ratio);
    const worst = starved[0];
    if (!worst) return [];
    const { name, length, ratio, perStep } = worst;
    return [
      {
        // Where the loss falls that far, what happened long ago was not what counts.
        severity: progressOf(telemetry).drop > 0.5 ? 'information' : 'error',
        layers: [...new Set(starved.map(({ layer }) => layer))],
        value: ratio,
        message: t(
          'Gradients vanish through time: the first of {0} states of {1} receive {2} of what the last receive ({3} a step).',
          length,
          name,
          number(ratio),
          number(perStep),
        ),
      },
    ];
  },
};
