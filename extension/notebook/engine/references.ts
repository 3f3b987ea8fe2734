/** Cells refer to each other by the names of experiments. */
import { createHash } from 'node:crypto';
import { isMap, parseDocument } from 'yaml';
import { InputError } from '../../protocol/errors';
import type { RunOutput } from '../../protocol/notebook-output';
import { readCell } from '../cell';
import type { ExperimentCell } from '../cell-schema';
import type { LabCell } from './laboratory';

export interface NamedExperiment {
  cell: ExperimentCell;
  output?: RunOutput;
}

/** What a run without a name is called: by its model. */
export const runName = ({ name, model, capture }: ExperimentCell): string =>
  name ?? /([^/\\]+?)(\.\w+)?$/.exec(model ?? capture?.script ?? '')?.[1] ?? 'run';

/** @throws InputError where no cell, or more than one, has the name. */
export function findExperiment(cells: readonly LabCell[], name: string): NamedExperiment {
  const found = cells.flatMap(({ text, output }): NamedExperiment[] => {
    const { cell } = readCell(text);
    if (cell?.kind !== 'experiment' || runName(cell.value) !== name) return [];
    return [{ cell: cell.value, ...(output?.kind === 'run' ? { output } : {}) }];
  });
  const [only, another] = found;
  if (!only) {
    const names = namesOf(cells);
    throw new InputError(
      `No experiment of this notebook is called "${name}". ${names.length > 0 ? `There are: ${names.join(', ')}.` : 'Give one a `name:`.'}`,
    );
  }
  if (another) throw new InputError(`${found.length} experiments of this notebook are called "${name}": rename one.`);
  return only;
}

/** Names of all experiments of the notebook, in order; also of those that are being written and not right yet. */
export const namesOf = (cells: readonly Pick<LabCell, 'text'>[]): string[] =>
  cells.flatMap(({ text }) => {
    const { cell } = readCell(text);
    if (cell) return cell.kind === 'experiment' ? [runName(cell.value)] : [];
    const { contents } = parseDocument(text);
    const name = isMap(contents) ? contents.get('name') : undefined;
    return typeof name === 'string' ? [name] : [];
  });

/** Tells whether a cell still says what was run. */
export const digestOf = (cell: ExperimentCell): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(cell)))
    .digest('hex')
    .slice(0, 16);

/** The order of fields means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}
