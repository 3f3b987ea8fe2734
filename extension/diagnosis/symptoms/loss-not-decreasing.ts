import type { LossId } from '../../protocol/experiment';
import { goodProgress, progressOf } from '../progress';
import { number } from '../sentence';
import type { Symptom } from '../symptom';

const fewestSteps = 20;

/** A classifier with a loss like this gives the right class more than 95 % on the average: it has arrived. */
const arrived = 0.05;
const classification: ReadonlySet<LossId> = new Set(['cross-entropy', 'nll', 'bce-with-logits']);

/** The loss at the end of the run is where it was at its beginning, or above. */
export const lossNotDecreasing: Symptom = {
  id: 'loss-not-decreasing',
  threshold: 1e-3,
  reference: 'SageMaker Debugger (LossNotDecreasing)',
  detect: ({ telemetry, threshold, found, t }) => {
    // Where numbers are not finite there is no loss to speak of.
    if (telemetry.steps < fewestSteps || found.some(({ symptom }) => symptom === 'non-finite')) return [];
    const { from, to, drop, noise } = progressOf(telemetry);
    const done = classification.has(telemetry.run.header.settings.loss) && to < arrived;
    if (done) return [];
    const course = [number(from), number(to), telemetry.steps] as const;
    const inPercent = (share: number): string => `${number(100 * share)} %`;
    if (drop < threshold) {
      const message =
        drop < -Math.max(noise, threshold)
          ? t('The loss rises: from {0} to {1} in {2} steps.', ...course)
          : t('The loss does not decrease: from {0} to {1} in {2} steps.', ...course);
      return [{ severity: 'warning', layers: [], value: drop, message }];
    }
    // A loss that may have fallen far, for all its noise tells, is not one that does not fall.
    if (drop >= noise || drop + noise >= goodProgress) return [];
    const message = t(
      'The loss does not decrease: from {0} to {1} in {2} steps, by {3}, within its noise of {4}.',
      ...course,
      inPercent(drop),
      inPercent(noise),
    );
    const reference = 'two standard errors of the loss, as it differs from batch to batch';
    return [{ severity: 'warning', layers: [], value: drop, threshold: noise, reference, message }];
  },
};
