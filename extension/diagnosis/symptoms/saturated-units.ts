import { isProgressing } from '../progress';
import { names, percent } from '../sentence';
import { median, range } from '../statistics';
import type { Symptom } from '../symptom';

/** Outputs of a sigmoid or tanh at the ends of its range, where its derivative is all but zero. */
export const saturatedUnits: Symptom = {
  id: 'saturated-units',
  threshold: 0.5,
  reference: 'SageMaker Debugger (TanhSaturation)',
  detect: ({ telemetry, threshold }) => {
    const { layers, steps } = telemetry;
    const lateSteps = range(steps - (steps >> 1), steps >> 1);
    const saturated = layers
      .map(({ name }, layer) => {
        const shares = lateSteps.map((step) => telemetry.activation(step, layer, 'saturatedShare'));
        return { name, share: median(shares.filter(Number.isFinite)) };
      })
      // The output of a classifier that is sure of itself is saturated, and right to be.
      .slice(0, -1)
      .filter(({ share }) => share > threshold)
      .sort((a, b) => b.share - a.share);
    const worst = saturated[0];
    if (!worst) return [];
    const affected = saturated.map(({ name }) => name);
    return [
      {
        // Gates of a network that learns may well be open or shut.
        severity: isProgressing(telemetry) ? 'information' : 'warning',
        layers: affected,
        value: worst.share,
        message: `Units are saturated: ${percent(worst.share)} of the outputs of ${names(affected)} are at the ends of their range, where almost no gradient passes.`,
      },
    ];
  },
};
