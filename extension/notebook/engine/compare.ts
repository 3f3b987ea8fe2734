import { InputError } from '../../protocol/errors';
import { layoutOf, outputSchema, type CompareOutput, type RunOutput } from '../../protocol/notebook-output';
import { RunSeries } from '../../../webview/charts/run-series';
import type { CompareCell } from '../cell-schema';
import { storeSeries } from '../store-series';
import type { Laboratory } from './laboratory';
import { fileBytes } from './recorder';
import { digestOf, findExperiment } from './references';

/** Compared runs are copies beside the originals: they take a quarter of the room together. */
const comparedBytes = fileBytes / 4;

/** @throws InputError where a run is unknown or not there yet. */
export function compareRuns({ compare }: CompareCell, { cells }: Pick<Laboratory, 'cells'>): CompareOutput {
  const found = compare.map((name) => ({ name, ...findExperiment(cells, name) }));
  const missing = found.filter(({ output }) => !output || output.steps === 0).map(({ name }) => `"${name}"`);
  if (missing.length > 0)
    throw new InputError(`There is no run of ${missing.join(' and ')} to compare yet: run the cell first.`);
  return {
    schema: outputSchema,
    kind: 'compare',
    runs: found.map(({ output }) => thinner(output!, comparedBytes / found.length)),
    outdated: found.filter(({ cell, output }) => output!.cellDigest !== digestOf(cell)).map(({ name }) => name),
  };
}

const thinner = (run: RunOutput, bytes: number): RunOutput => ({
  ...run,
  series: storeSeries(RunSeries.of(layoutOf(run), run.series), bytes),
});
