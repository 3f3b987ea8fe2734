/** Trains an experiment with progress on the terminal, and keeps the run. */
import { RunError } from '../protocol/errors';
import type { Experiment } from '../protocol/experiment';
import { RowBuffer } from '../protocol/row-buffer';
import { rowWidth, stepColumn, type Run, type RunHeader } from '../protocol/run';
import type { CommandContext } from './command';

/** @throws RunError where the run failed before it was over. */
export async function train(experiment: Experiment, { engine, terminal, request }: CommandContext): Promise<Run> {
  let header: RunHeader | undefined;
  let rows = new RowBuffer(0);
  const end = await engine.train(experiment, {
    ...request,
    header: (received) => {
      header = received;
      rows = new RowBuffer(rowWidth(received.layout));
    },
    steps: (chunk) => {
      rows.append(chunk);
      const loss = chunk.rows[(chunk.count - 1) * rows.width + stepColumn('loss')]!;
      terminal.progress(`Step ${rows.steps} of ${experiment.steps}, loss ${loss.toPrecision(4)}`);
    },
  });
  terminal.clearProgress();
  if (end.kind === 'failed') throw new RunError(end.reason);
  if (!header) throw new RunError('Interrupted before the first step.');
  return { header, steps: rows.steps, rows: rows.rows, end };
}
