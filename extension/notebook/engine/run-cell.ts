/** Runs one cell of a notebook, whatever its kind. */
import { InputError } from '../../protocol/errors';
import type { CellOutput } from '../../protocol/notebook-output';
import { readCell } from '../cell';
import { compareRuns } from './compare';
import { runExperiment, type Outcome } from './experiment';
import type { Laboratory } from './laboratory';
import { runPrescribe } from './prescribe';
import { runSweep } from './sweep';

export async function runCell(text: string, lab: Laboratory): Promise<Outcome<CellOutput>> {
  const { cell, problems } = readCell(text);
  if (!cell) {
    const [{ message, range }] = problems as [(typeof problems)[number]];
    return { error: new InputError(`Line ${range.start.line + 1}, column ${range.start.character + 1}: ${message}`) };
  }
  try {
    switch (cell.kind) {
      case 'experiment':
        return await runExperiment(cell.value, lab);
      case 'compare':
        return { output: compareRuns(cell.value, lab) };
      case 'prescribe':
        return await runPrescribe(cell.value, lab);
      case 'sweep':
        return await runSweep(cell.value, lab);
    }
  } catch (error) {
    if (error instanceof InputError) return { error };
    throw error;
  }
}
