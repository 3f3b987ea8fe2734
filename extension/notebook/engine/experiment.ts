import { InputError, RunError } from '../../protocol/errors';
import type { Experiment } from '../../protocol/experiment';
import type { RunOutput } from '../../protocol/notebook-output';
import type { RunEnd } from '../../protocol/run';
import { experimentOf } from '../cell-experiment';
import type { ExperimentCell } from '../cell-schema';
import { capturedExperiment } from './captured';
import type { Laboratory, RunKeeper } from './laboratory';
import { atIntervals, stopwatch } from './live';
import { provenanceOf } from './provenance';
import { Recorder } from './recorder';
import { digestOf, runName } from './references';

/** A result, and what kept it from being whole. */
export interface Outcome<Output> {
  output?: Output;
  error?: InputError | RunError;
}

/** The experiment that a cell states, its model captured first where it names a script. */
export const stated = async (cell: ExperimentCell, lab: Laboratory): Promise<Experiment> =>
  cell.capture ? capturedExperiment(cell, lab) : experimentOf(cell, lab.folder, lab.provider);

export async function runExperiment(cell: ExperimentCell, lab: Laboratory): Promise<Outcome<RunOutput>> {
  const name = runName(cell);
  const elapsed = stopwatch();
  let recorder: Recorder | undefined;
  let keeper: RunKeeper | undefined;
  let error: Outcome<RunOutput>['error'];
  let end: RunEnd;
  // Header and steps come faster than the disk: what is done with them happens in their order.
  let delivered: Promise<void> = Promise.resolve();
  const deliver = (work: () => void | Promise<void>): void => {
    delivered = delivered.then(work);
    // Whoever awaits it below is told.
    delivered.catch(() => undefined);
  };
  const showLive =
    lab.onOutput &&
    atIntervals(() => {
      lab.onOutput!(recorder!.output());
    });
  try {
    end = await lab.trainer.train(await stated(cell, lab), {
      signal: lab.signal,
      progress: (phase, fraction) => lab.onProgress?.(phase, fraction),
      header: (header) => {
        const kept = lab.keep?.(name, header);
        keeper = kept?.keeper;
        deliver(async () => {
          const provenance = await provenanceOf(header, lab.folder, lab.version);
          const started = (await kept?.started) ?? new Date().toISOString();
          recorder = new Recorder(
            header,
            name,
            { ...provenance, cellDigest: digestOf(cell) },
            started,
            elapsed,
            lab.folder,
          );
        });
      },
      steps: (chunk) => {
        keeper?.steps(chunk);
        deliver(() => {
          recorder!.add(chunk);
          showLive?.();
        });
      },
    });
    await delivered;
    if (end.kind === 'failed') error = new RunError(end.reason);
  } catch (thrown) {
    error = asError(thrown);
    end = { kind: 'failed', reason: error.message };
    await delivered.catch(() => undefined);
  }
  await keeper?.end(end);
  if (!recorder) return { error: error ?? new RunError('Interrupted before the first step.') };
  recorder.end = end;
  return { output: recorder.output(), error };
}

export const asError = (thrown: unknown): InputError | RunError =>
  thrown instanceof InputError || thrown instanceof RunError
    ? thrown
    : new RunError(thrown instanceof Error ? thrown.message : String(thrown));
