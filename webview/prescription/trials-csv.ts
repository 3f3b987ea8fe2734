import { csvCell } from '../charts/csv';
import type { TrialRow } from './trial-row';

const columns = [
  'rank',
  'remedies',
  'parameters',
  'units',
  'learningRateFactor',
  'outcome',
  'healthy',
  'seeds',
  'healthBefore',
  'healthAfter',
  'lossBefore',
  'lossAfter',
  'timeStepRatio',
  'parametersAdded',
  'why',
] as const;

/** Trials as CSV, the best first; what was not measured is empty, parameters are JSON. */
export function csvOfTrials(rows: readonly TrialRow[]): string {
  const lines = rows.map(({ remedies, learningRateFactor, outcome, prescribed, effect, why }, index) =>
    [
      index + 1,
      remedies.map(({ id }) => id).join(' + '),
      JSON.stringify(Object.fromEntries(remedies.map(({ id, parameters }) => [id, parameters]))),
      remedies.flatMap(({ units }) => units ?? []).join(' '),
      learningRateFactor,
      outcome,
      prescribed?.healthy,
      prescribed?.seeds.join(' '),
      effect?.healthBefore,
      effect?.healthAfter,
      effect?.lossBefore,
      effect?.lossAfter,
      effect?.timeStepRatio,
      effect?.parametersAdded,
      why,
    ]
      .map((value) => csvCell(value === undefined ? '' : String(value)))
      .join(','),
  );
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}
