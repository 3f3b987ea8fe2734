/** Whether the illness of a patient was seen, and whether it was cured. */
import type { Finding } from '../../extension/protocol/finding';
import type { PrescribeResult } from '../../extension/remedies/prescribe';
import type { Assessment } from '../../extension/remedies/score';
import { acceptedSymptoms } from './causes';
import type { Patient } from './patients';

export interface Examined {
  patient: Patient;
  baseline: Assessment;
  twin?: Assessment;
  outcome?: PrescribeResult;
}

export const worth = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ severity }) => severity !== 'information');

export const isDetected = ({ patient: { cause }, baseline }: Examined): boolean => {
  const accepted: readonly string[] = cause ? acceptedSymptoms[cause] : [];
  return worth(baseline.findings).some(({ symptom }) => accepted.includes(symptom));
};

/** No warning is left, and the loss has come at least half as far as the twin's, from the better of both beginnings. */
export function isCured({ baseline, twin, outcome }: Examined): boolean {
  const [first] = outcome?.prescriptions ?? [];
  if (!first || !twin) return false;
  const start = Math.min(...[baseline.initialLoss, twin.initialLoss].filter(Number.isFinite));
  // A twin that diverges sets no goal.
  const goal = Number.isFinite(twin.loss) ? (start + twin.loss) / 2 : start;
  return first.findings.every(({ severity }) => severity === 'information') && first.effect.lossAfter <= goal;
}
