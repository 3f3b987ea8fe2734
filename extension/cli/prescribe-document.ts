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

/** @param editsOf the source edits of a prescription, where the source is known */
export function prescribeDocument(
  { baseline, trials, prescriptions }: Prescribed,
  editsOf: (prescription: Prescription) => unknown = () => undefined,
) {
  return {
    baseline: runDocument(baseline.run, baseline.findings),
    trials: trials.map(trialDocument),
    prescriptions: prescriptions.map((prescription) => {
      const edits = editsOf(prescription);
      return {
        ...trialDocument(prescription),
        healthy: prescription.healthy,
        seeds: prescription.seeds,
        ...(edits !== undefined && { edits }),
      };
    }),
  };
}

function trialDocument({ remedies, learningRateFactor, outcome, why, effect }: Trial) {
  const units = [...new Set(remedies.flatMap((use) => use.units ?? []))];
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
