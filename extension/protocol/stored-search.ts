/** A search as a notebook stores it, as everything else knows one. */
import type { PrescribeOutput, StoredTrial } from './notebook-output';
import { unpackEffect, unpackFinding } from './panel-messages';
import type { Search, Trial } from './prescription';

/** Without curves, of which a notebook keeps the losses alone. */
export function searchOf({ budget, trials, prescriptions }: PrescribeOutput): Search {
  return {
    budget,
    trials: trials.map(trialOf),
    prescriptions: (prescriptions ?? []).flatMap((one) => {
      const trial = trialOf(one);
      return trial.effect ? [{ ...trial, effect: trial.effect, healthy: one.healthy, seeds: one.seeds }] : [];
    }),
    ...(prescriptions ? { end: { kind: 'finished' } } : {}),
  };
}

const trialOf = ({ remedies, learningRateFactor, outcome, why, effect, findings }: StoredTrial): Trial => ({
  remedies,
  learningRateFactor,
  outcome,
  why,
  ...(effect ? { effect: unpackEffect(effect) } : {}),
  findings: findings.map(unpackFinding),
});
