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
  detect: ({ telemetry, threshold, found, t }) => {
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
    const limit = number(clipping.limit);
    const ofNorm = clipping.kind === 'norm';
    const suggestion = ofNorm
      ? ` ${t('A max_norm of {0} would clip one step in ten.', number(suggestedMaxNorm(telemetry)))}`
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
            (ofNorm
              ? t(
                  'Clipping never takes effect: the limit of {0} on the norm is above every gradient (norm {1} in a usual step).',
                  limit,
                  number(usual),
                )
              : t(
                  'Clipping never takes effect: the limit of {0} on each element is above every gradient (norm {1} in a usual step).',
                  limit,
                  number(usual),
                )) + suggestion,
        },
      ];
    if (!(share > threshold)) return [];
    return [
      {
        severity: isProgressing(telemetry) ? 'information' : 'warning',
        layers: [],
        value: share,
        message:
          (ofNorm
            ? t(
                'Clipping takes effect in {0} of the steps: the limit of {1} on the norm is far below a usual gradient (norm {2}), and acts as a smaller learning rate.',
                percent(share),
                limit,
                number(usual),
              )
            : t(
                'Clipping takes effect in {0} of the steps: the limit of {1} on each element is far below a usual gradient (norm {2}), and acts as a smaller learning rate.',
                percent(share),
                limit,
                number(usual),
              )) + suggestion,
      },
    ];
  },
};
