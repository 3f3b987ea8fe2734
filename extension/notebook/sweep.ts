/** The grid of a sweep: one cell for every combination of values. */
import { InputError } from '../protocol/errors';
import type { Translate } from '../protocol/text';
import { issuesIn, type Issue } from './cell-issues';
import { experimentCell, type ExperimentCell, type SweepCell } from './cell-schema';

export interface SweepPoint {
  /** `optimizer.sgd.lr=0.01`, the fields that differ. */
  label: string;
  cell: ExperimentCell;
}

/** How many runs a sweep takes, known before the first. */
export const sweepSize = ({ sweep }: SweepCell): number =>
  Object.values(sweep.over).reduce((size, values) => size * values.length, 1);

/** What can be told of the fields of a sweep without the experiment that it varies. */
export function issuesOfSweep({ sweep }: SweepCell, t: Translate): Issue[] {
  return Object.entries(sweep.over).flatMap(([field, values]) => {
    const path = field.split('.');
    const at = ['sweep', 'over', field];
    return values.flatMap((value, place): Issue[] => {
      const checked = experimentCell.safeParse(withField({}, path, value));
      const issues = checked.success ? [] : issuesIn(checked.error.issues, t);
      const unknown = issues.find((issue) => issue.atKey);
      if (unknown)
        return place === 0 ? [{ path: at, message: t('No field is called "{0}".', field), atKey: true }] : [];
      // What else is missing may be in the experiment.
      return issues
        .filter((issue) => issue.path.join('.') === field)
        .map((issue) => ({ ...issue, path: [...at, place] }));
    });
  });
}

/** The last field varies fastest. @throws InputError where a value does not fit its field. */
export function sweepPoints({ sweep }: SweepCell, base: ExperimentCell): SweepPoint[] {
  let points: { labels: string[]; cell: unknown }[] = [{ labels: [], cell: base }];
  for (const [path, values] of Object.entries(sweep.over))
    points = points.flatMap(({ labels, cell }) =>
      values.map((value) => ({
        labels: [...labels, `${path}=${String(value)}`],
        cell: withField(cell, path.split('.'), value),
      })),
    );
  return points.map(({ labels, cell }) => {
    const label = labels.join(', ');
    const checked = experimentCell.safeParse(cell);
    if (!checked.success)
      throw new InputError(
        `sweep: ${label}: ${checked.error.issues[0]!.path.join('.')}: ${checked.error.issues[0]!.message}`,
      );
    return { label, cell: { ...checked.data, name: `${base.name ?? 'run'} ${label}` } };
  });
}

/** A copy with one field set; mappings on the way are made where they are missing. */
function withField(value: unknown, [head, ...rest]: readonly string[], field: unknown): unknown {
  if (head === undefined) return field;
  const record = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return { ...record, [head]: withField(record[head], rest, field) };
}
