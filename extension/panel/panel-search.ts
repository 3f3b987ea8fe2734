import { packEffect, type PanelSearch } from '../protocol/panel-messages';
import type { Search, Trial, UpcomingTrial } from '../protocol/prescription';
import { prescribedTrials, rankedTrials } from '../protocol/trial-ranking';

/**
 * A search as the panel shows it.
 * @param upcoming what is being tried now
 * @param applicable whether a trial's source is known
 * @param refused why trials, by their indices, cannot be written into it
 */
export function panelSearch(
  search: Search,
  upcoming: UpcomingTrial | undefined,
  applicable: (trial: Trial) => boolean,
  refused: ReadonlyMap<number, string> = new Map(),
): PanelSearch {
  const { budget, trials, prescriptions, end } = search;
  const prescribed = new Map(prescribedTrials(search).map((trial, place) => [trial, prescriptions[place]!]));
  return {
    budget,
    trials: rankedTrials(search).map((index) => {
      const trial = trials[index]!;
      const { remedies, learningRateFactor, outcome, why, effect } = trial;
      const held = prescribed.get(index);
      return {
        index,
        remedies,
        learningRateFactor,
        outcome,
        why,
        ...(effect && { effect: packEffect(effect) }),
        ...(held && { prescribed: { healthy: held.healthy, seeds: held.seeds } }),
        applicable: applicable(trial),
        ...(refused.has(index) && { refused: refused.get(index)! }),
      };
    }),
    ...(upcoming && !end && { upcoming }),
    ...(end && { end }),
  };
}
