/** A search for a prescription as the JSON document of the contract. */
import type { Finding } from '../protocol/finding';
import type { Prescription, Trial } from '../protocol/prescription';
import type { Run } from '../protocol/run';
import { runDocument } from './run-document';

export interface Prescribed {
  baseline: { run: Run; findings: readonly Finding[] };
  trials: readonly Trial[];
  prescriptions: readonly Prescription[];
}

export function prescribeDocument({ baseline, trials, prescriptions }: Prescribed) {
  return {
    baseline: runDocument(baseline.run, baseline.findings),
    trials: trials.map(trialDocument),
    prescriptions: prescriptions.map((prescription) => ({
      ...trialDocument(prescription),
      healthy: prescription.healthy,
      seeds: prescription.seeds,
    })),
  };
}

function trialDocument({ remedies, learningRateFactor, outcome, why, effect }: Trial) {
  const units = remedies.flatMap((use) => use.units ?? []);
  return {
    remedies: remedies.map(({ id }) => id),
    parameters: Object.fromEntries(remedies.map(({ id, parameters }) => [id, parameters])),
    ...(units.length > 0 && { units }),
    learningRateFactor,
    outcome,
    why,
    effect: effect ?? null,
  };
}
