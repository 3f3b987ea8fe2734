/** A trial as a row of the table, and the orders that rows can be in. */
import type { Use } from '../../extension/protocol/experiment';
import type { Effect, Outcome } from '../../extension/protocol/prescription';
import { readableNumber } from '../../extension/panel/readable-number';

export interface TrialRow {
  /** Names it in events. */
  index: number;
  remedies: readonly Use[];
  /** Learning rate against that of the experiment. */
  learningRateFactor: number;
  outcome: Outcome;
  /** One sentence: why it won or lost, or was not tried. */
  why: string;
  /** Absent where nothing was measured. */
  effect?: Effect;
  /** What the search found out about those that it prescribes. */
  prescribed?: { healthy: boolean; seeds: readonly number[] };
  /** Whether there is a source to apply it to. */
  applicable: boolean;
  /** Why it cannot be written into that source. */
  refused?: string;
}

/** The best of what is prescribed; where the source has no place for it, the next that is as healthy and has one. */
export function offeredRow<Row extends TrialRow>(rows: readonly Row[]): Row | undefined {
  const prescribed = rows.filter((row) => row.prescribed);
  const [best] = prescribed;
  const equals = prescribed.filter((row) => row.prescribed!.healthy === best?.prescribed?.healthy);
  return equals.find(({ refused }) => refused === undefined) ?? best;
}

export const sortKeys = ['rank', 'remedy', 'outcome', 'health', 'loss', 'time', 'weights'] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sorting {
  key: SortKey;
  descending: boolean;
}

const outcomes: readonly Outcome[] = ['healthy', 'improved', 'no-effect', 'worse', 'failed', 'skipped'];

const values: Readonly<Record<Exclude<SortKey, 'rank'>, (row: TrialRow) => number | string>> = {
  remedy: ({ remedies }) => remedies.map(({ id }) => id).join(' '),
  outcome: ({ outcome }) => outcomes.indexOf(outcome),
  health: ({ effect }) => effect?.healthAfter ?? NaN,
  loss: ({ effect }) => effect?.lossAfter ?? NaN,
  time: ({ effect }) => effect?.timeStepRatio ?? NaN,
  weights: ({ effect }) => effect?.parametersAdded ?? NaN,
};

/**
 * What was not measured comes last in either direction.
 * @param rows ranked, the best first
 */
export function sortedRows<Row extends TrialRow>(rows: readonly Row[], { key, descending }: Sorting): Row[] {
  const sign = descending ? -1 : 1;
  if (key === 'rank') return descending ? [...rows].reverse() : [...rows];
  const value = values[key];
  return [...rows].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (typeof left === 'string' || typeof right === 'string') return sign * String(left).localeCompare(String(right));
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left === right ? 0 : sign * (left - right);
  });
}

/** `max_norm 1, lr ×0.3, in layers.*`: what there is to know of a trial besides its remedies. */
export function settingsOf({ remedies, learningRateFactor }: TrialRow, t: (text: string, value: string) => string) {
  const parameters = remedies.flatMap(({ parameters }) =>
    Object.entries(parameters).map(([name, value]) => `${name} ${String(value)}`),
  );
  const units = [...new Set(remedies.flatMap(({ units }) => units ?? []))];
  return [
    ...parameters,
    ...(learningRateFactor === 1 ? [] : [t('learning rate ×{0}', readableNumber(learningRateFactor))]),
    ...(units.length > 0 ? [t('in {0}', units.join(', '))] : []),
  ].join(', ');
}
