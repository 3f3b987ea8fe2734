/** The numbers of a notebook, without it. */
import type { CellOutput, RunOutput } from '../../protocol/notebook-output';
import { stepColumns } from '../../protocol/run';
import { quantities, unpackFloats } from '../../protocol/stored-series';
import { csvCell } from '../../../webview/charts/csv';
import type { Notebook } from '../gradnb';
import { outputOf } from '../output-items';
import { seriesOf } from '../presentation/summary';

const results = (notebook: Notebook): { cell: number; output: CellOutput }[] =>
  notebook.cells.flatMap((cell, index) => {
    const output = outputOf(cell);
    return output ? [{ cell: index + 1, output }] : [];
  });

/** Every output, its series as numbers. What is not finite is "NaN", "Infinity" or "-Infinity". */
export const jsonOf = (notebook: Notebook): string =>
  `${JSON.stringify(
    results(notebook).map(({ cell, output }) => ({ cell, ...plain(output) })),
    (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value),
    1,
  )}\n`;

function plain(output: CellOutput): object {
  switch (output.kind) {
    case 'run':
      return plainRun(output);
    case 'compare':
      return { ...output, runs: output.runs.map(plainRun) };
    case 'sweep':
      return { ...output, points: output.points.map((point) => ({ ...point, losses: plainCurve(point.losses) })) };
    case 'prescribe':
      return {
        ...output,
        baseline: output.baseline && plainRun(output.baseline),
        trials: output.trials.map((trial) => ({ ...trial, losses: trial.losses && plainCurve(trial.losses) })),
        prescriptions: output.prescriptions?.map((one) => ({ ...one, losses: one.losses && plainCurve(one.losses) })),
      };
  }
}

const plainCurve = ({ values }: { values: string }): number[] => [...unpackFloats(values)];

function plainRun(run: RunOutput): object {
  const series = seriesOf(run);
  const numbers = (y: ArrayLike<number>): number[] => Array.from(y).slice(0, series.length);
  return {
    ...run,
    series: {
      steps: [...series.steps],
      ofStep: Object.fromEntries(
        stepColumns.flatMap((name) =>
          run.series.ofStep[name] === undefined ? [] : [[name, numbers(series.stepSeries(name).y)]],
        ),
      ),
      ofLayer: Object.fromEntries(
        quantities.map((quantity) => [
          quantity,
          Object.fromEntries(
            series
              .layersWith(quantity)
              .map((layer) => [run.layers[layer]!.name, numbers(series.layerSeries(quantity, layer).y)]),
          ),
        ]),
      ),
    },
  };
}

/** One number a line: which cell, run, step, layer (none: of the whole step) and quantity. Runs only, not copies of them. */
export function* csvOfNotebook(notebook: Notebook): Generator<string> {
  yield 'cell,run,step,layer,quantity,value\n';
  for (const { cell, output } of results(notebook)) if (output.kind === 'run') yield* csvOfRun(cell, output);
}

function* csvOfRun(cell: number, run: RunOutput): Generator<string> {
  const series = seriesOf(run);
  const line = (index: number, layer: string, quantity: string, value: number): string =>
    Number.isNaN(value) && quantity !== 'loss'
      ? ''
      : `${cell},${csvCell(run.name)},${series.steps[index]!},${csvCell(layer)},${quantity},${value}\n`;
  for (let index = 0; index < series.length; index++) {
    for (const name of stepColumns) yield line(index, '', name, series.stepSeries(name).y[index] ?? NaN);
    for (const quantity of quantities)
      for (const layer of series.layersWith(quantity))
        yield line(index, run.layers[layer]!.name, quantity, series.at(quantity, layer, index));
  }
}
