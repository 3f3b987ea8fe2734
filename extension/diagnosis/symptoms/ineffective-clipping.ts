import { suggestedMaxNorm } from '../gradient-norms';
import { isProgressing } from '../progress';
import { number, percent } from '../sentence';
import { median, range } from '../statistics';
import type { Symptom } from '../symptom';

/** Less of a difference is rounding. */
const noticeable = 1e-4;

/** A limit on the gradients that no step reaches, or that nearly every step exceeds. */
export const ineffectiveClipping: Symptom = {
  id: 'ineffective-clipping',
  threshold: 0.95,
  reference: 'what clipping is for: the rare step (Pascanu et al., 2013)',
  detect: ({ telemetry, threshold, found }) => {
    const { clipping } = telemetry.run.header.settings;
    if (!clipping) return [];
    const steps = range(telemetry.steps)
      .map((step) => ({
        before: telemetry.step(step, 'gradientNorm'),
        after: telemetry.step(step, 'clippedGradientNorm'),
      }))
      .filter(({ before, after }) => Number.isFinite(before) && Number.isFinite(after));
    if (steps.length === 0) return [];
    const share = steps.filter(({ before, after }) => after < before * (1 - noticeable)).length / steps.length;
    const usual = median(steps.map(({ before }) => before));
    const limit = `the limit of ${number(clipping.limit)} on ${clipping.kind === 'norm' ? 'the norm' : 'each element'}`;
    const suggestion =
      clipping.kind === 'norm'
        ? `A max_norm of ${number(suggestedMaxNorm(telemetry))} would clip one step in ten.`
        : '';
    if (share === 0)
      return [
        {
          // It does no harm, unless it was to stop an explosion.
          severity: found.some(({ symptom }) => symptom === 'exploding-gradient') ? 'warning' : 'information',
          layers: [],
          value: 0,
          threshold: 0,
          message:
            `Clipping never takes effect: ${limit} is above every gradient (norm ${number(usual)} in a usual step). ${suggestion}`.trimEnd(),
        },
      ];
    if (!(share > threshold)) return [];
    return [
      {
        severity: isProgressing(telemetry) ? 'information' : 'warning',
        layers: [],
        value: share,
        message:
          `Clipping takes effect in ${percent(share)} of the steps: ${limit} is far below a usual gradient (norm ${number(usual)}), and acts as a smaller learning rate. ${suggestion}`.trimEnd(),
      },
    ];
  },
};
