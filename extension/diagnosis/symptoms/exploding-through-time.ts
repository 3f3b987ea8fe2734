import { number } from '../sentence';
import type { Symptom } from '../symptom';
import { timeProfiles } from './through-time';

/** The gradient grows on its way back through time. */
export const explodingThroughTime: Symptom = {
  id: 'exploding-through-time',
  threshold: 70,
  reference: 'AutoTrainer’s limit between layers, applied to time steps (Pascanu et al., 2013)',
  detect: ({ telemetry, threshold, t }) => {
    const swollen = timeProfiles(telemetry)
      // From the very last state to the very first, at the usual growth a step.
      .map((profile) => ({ ...profile, ratio: profile.perStep ** (profile.length - 1) }))
      .filter(({ ratio }) => ratio > threshold)
      .sort((a, b) => b.ratio - a.ratio);
    const worst = swollen[0];
    if (!worst) return [];
    const { name, length, ratio, perStep } = worst;
    return [
      {
        severity: 'error',
        layers: [...new Set(swollen.map(({ layer }) => layer))],
        value: ratio,
        message: t(
          'Gradients explode through time: the first of {0} states of {1} receive {2} times what the last receive ({3} a step).',
          length,
          name,
          number(ratio),
          number(perStep),
        ),
      },
    ];
  },
};
