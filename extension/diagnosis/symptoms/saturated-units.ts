import type { Telemetry } from '../../protocol/telemetry';
import { isProgressing } from '../progress';
import { names, percent } from '../sentence';
import { median, range } from '../statistics';
import type { Symptom } from '../symptom';

/** Before these the weights are still those of the initialization, all but. */
const firstSteps = 3;

/** One layer or two may be meant so. */
const fewestLayers = 3;

/** Of the limit: weights that fit the activation saturate next to nothing before training. */
const ofNewborn = 0.6;

/** Outputs of a sigmoid or tanh at the ends of its range, where its derivative is all but zero. */
export const saturatedUnits: Symptom = {
  id: 'saturated-units',
  threshold: 0.5,
  reference: 'SageMaker Debugger (TanhSaturation)',
  detect: ({ telemetry, threshold, t }) => {
    const { steps } = telemetry;
    const born = bornSaturated(telemetry, threshold * ofNewborn);
    const late = saturatedOver(telemetry, range(steps - (steps >> 1), steps >> 1), threshold);
    const saturated = born ?? late;
    const worst = saturated[0];
    if (!worst) return [];
    const affected = saturated.map(({ name }) => name);
    const told = [percent(worst.share), names(affected, t)] as const;
    return [
      {
        // Gates of a network that learns may well come to be open or shut.
        severity: !born && isProgressing(telemetry) ? 'information' : 'warning',
        layers: affected,
        value: worst.share,
        ...(born && { threshold: threshold * ofNewborn }),
        message: born
          ? t(
              'Units are saturated: from the start {0} of the outputs of {1} are at the ends of their range, where almost no gradient passes.',
              ...told,
            )
          : t(
              'Units are saturated: {0} of the outputs of {1} are at the ends of their range, where almost no gradient passes.',
              ...told,
            ),
      },
    ];
  },
};

/** The hidden layers whose outputs are saturated over some steps, the worst first. */
function saturatedOver(
  telemetry: Telemetry,
  steps: readonly number[],
  threshold: number,
): { name: string; share: number }[] {
  return (
    telemetry.layers
      .map(({ name }, layer) => {
        const shares = steps.map((step) => telemetry.activation(step, layer, 'saturatedShare'));
        return { name, share: median(shares.filter(Number.isFinite)) };
      })
      // The output of a classifier that is sure of itself is saturated, and right to be.
      .slice(0, -1)
      .filter(({ share }) => share > threshold)
      .sort((a, b) => b.share - a.share)
  );
}

/** The layers of a stack that is saturated before training has done anything, three or more and most of those measured. */
function bornSaturated(telemetry: Telemetry, threshold: number): { name: string; share: number }[] | undefined {
  const first = range(Math.min(firstSteps, telemetry.steps));
  const saturated = saturatedOver(telemetry, first, threshold);
  const measured = saturatedOver(telemetry, first, -1).length;
  return saturated.length >= fewestLayers && saturated.length * 2 >= measured ? saturated : undefined;
}
