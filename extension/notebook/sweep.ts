/** The grid of a sweep: one cell for every combination of values. */
import { InputError } from '../protocol/errors';
import { experimentCell, type ExperimentCell, type SweepCell } from './cell-schema';

export interface SweepPoint {
  /** `optimizer.sgd.lr=0.01`, the fields that differ. */
  label: string;
  cell: ExperimentCell;
}

/** How many runs a sweep takes, known before the first. */
export const sweepSize = ({ sweep }: SweepCell): number =>
  Object.values(sweep.over).reduce((size, values) => size * values.length, 1);

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
