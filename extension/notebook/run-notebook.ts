/** Runs the cells of a notebook one after the other and writes what comes out into it. */
import { InputError } from '../protocol/errors';
import type { CellOutput } from '../protocol/notebook-output';
import { readCell } from './cell';
import type { CellKind } from './cell-schema';
import { runCell } from './engine/run-cell';
import type { LabCell, Laboratory } from './engine/laboratory';
import type { Outcome } from './engine/experiment';
import { sourceOf, type Notebook, type NotebookCell } from './gradnb';
import { errorItem, outputItems, outputOf } from './output-items';

export interface CellResult extends Outcome<CellOutput> {
  /** Counted from 1, Markdown included. */
  number: number;
  /** Undefined where the cell cannot be read. */
  kind?: CellKind;
}

/** Every cell that can be run, as other cells see it. */
export const labCells = (notebook: Notebook): LabCell[] =>
  notebook.cells
    .filter(({ kind }) => kind === 'experiment')
    .map((cell) => ({ text: sourceOf(cell), output: outputOf(cell) }));

/**
 * Changes the outputs of `notebook`. Stops behind the first cell that fails, or that is interrupted.
 * @param only number of the one cell to run
 * @throws InputError for a cell that there is not, or that is Markdown
 */
export async function* runNotebook(
  notebook: Notebook,
  only: number | undefined,
  lab: Omit<Laboratory, 'cells'>,
): AsyncGenerator<CellResult> {
  for (const number of numbersOf(notebook, only)) {
    if (lab.signal.aborted) return;
    const cell = notebook.cells[number - 1]!;
    const text = sourceOf(cell);
    const outcome = await runCell(text, { ...lab, cells: labCells(notebook) });
    setOutputs(cell, outcome);
    yield { number, kind: readCell(text).cell?.kind, ...outcome };
    if (outcome.error) return;
  }
}

function numbersOf({ cells }: Notebook, only: number | undefined): number[] {
  const numbers = cells.flatMap(({ kind, source }, i) =>
    kind === 'experiment' && source.some((line) => line.trim() !== '') ? [i + 1] : [],
  );
  if (only === undefined) return numbers;
  if (numbers.includes(only)) return [only];
  const what = only > cells.length || only < 1 ? `There is no cell ${only}` : `Cell ${only} holds nothing to run`;
  throw new InputError(`${what}. ${numbers.length > 0 ? `Cells to run: ${numbers.join(', ')}.` : 'No cell does.'}`);
}

function setOutputs(cell: NotebookCell, { output, error }: Outcome<CellOutput>): void {
  cell.outputs = [...(output ? outputItems(output) : []), ...(error ? [errorItem(error)] : [])];
}
