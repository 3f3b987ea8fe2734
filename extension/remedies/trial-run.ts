/** Trains one trial on a trainer, and stops early what is lost: a loss that is not a number does not come back. */
import { RunError } from '../protocol/errors';
import type { Experiment } from '../protocol/experiment';
import { RowBuffer } from '../protocol/row-buffer';
import { rowWidth, stepColumn, type Run, type RunEnd, type RunHeader, type StepChunk } from '../protocol/run';

/** The part of the trainer that trials need. */
export interface TrialTrainer {
  train(
    experiment: Experiment,
    options: { signal?: AbortSignal; header?(header: RunHeader): void; steps?(chunk: StepChunk): void },
  ): Promise<RunEnd>;
}

/** So many steps without a finite loss end a trial. */
const patience = 10;

/** A trial is asked whether there is hope after this share of its steps, and not before so many. */
const probation = 0.3;
const fewestSteps = 25;

/** A run whose steps were timed, without what comes before the first: reading, building, making a session. */
export interface TimedRun extends Run {
  secondsPerStep: number;
}

/**
 * @param isHopeless asked once, early: whether the rest is not worth its time
 * @throws RunError where the run failed or was cancelled before its first step, InputError where it cannot be run
 */
export async function runTrial(
  trainer: TrialTrainer,
  experiment: Experiment,
  signal: AbortSignal | undefined,
  isHopeless?: (soFar: Run) => boolean,
): Promise<TimedRun> {
  const lost = new AbortController();
  let header: RunHeader | undefined;
  let rows = new RowBuffer(0);
  let notFinite = 0;
  const asked = Math.max(fewestSteps, Math.ceil(probation * experiment.steps));
  // How steps arrive depends on the machine, where a run is cut does not.
  let cut: number | undefined;
  let begin = 0;
  let latest = 0;
  const end = await trainer.train(experiment, {
    signal: signal ? AbortSignal.any([signal, lost.signal]) : lost.signal,
    header: (received) => {
      header = received;
      begin = latest = performance.now();
      rows = new RowBuffer(rowWidth(received.layout));
    },
    steps: (chunk) => {
      latest = performance.now();
      rows.append(chunk);
      const first = rows.steps - chunk.count;
      for (let step = first; step < rows.steps && cut === undefined; step++) {
        const loss = rows.rows[step * rows.width + stepColumn('loss')]!;
        notFinite = Number.isFinite(loss) ? 0 : notFinite + 1;
        const soFar = { header: header!, steps: step + 1, rows: rows.rows.subarray(0, (step + 1) * rows.width) };
        if (notFinite >= patience || (step + 1 === asked && isHopeless?.(soFar))) cut = step + 1;
      }
      if (cut !== undefined) lost.abort();
    },
  });
  if (end.kind === 'failed' && cut === undefined) throw new RunError(end.reason);
  if (!header) throw new RunError('Stopped before the first step.');
  const secondsPerStep = (latest - begin) / 1000 / Math.max(1, rows.steps);
  const steps = cut ?? rows.steps;
  return {
    header,
    steps,
    rows: rows.rows.subarray(0, steps * rows.width),
    end: cut === undefined ? end : endAt(cut, end),
    secondsPerStep,
  };
}

/** The trainer went on until it heard, and may have come to the last step: what happened behind the cut did not. */
const endAt = (cut: number, { nonFinite }: RunEnd): RunEnd => ({
  kind: 'stopped',
  reason: 'cancelled',
  ...(nonFinite && nonFinite.step < cut ? { nonFinite } : {}),
});
