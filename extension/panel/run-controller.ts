import * as vscode from 'vscode';
import type { Experiment } from '../protocol/experiment';
import type { RunEnd, RunHeader, StepChunk } from '../protocol/run';
import { modelName } from './model-picker';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import type { Turn, WorkQueue } from './work-queue';

export interface TrainingEvents {
  header: (header: RunHeader) => void;
  steps: (chunk: StepChunk) => void;
  progress: (phase: string, fraction?: number) => void;
}

/** What trains a model: the trainer process, started when it is needed. */
export type Train = (experiment: Experiment, events: TrainingEvents, signal: AbortSignal) => Promise<RunEnd>;

/** Runs experiments and keeps them in the library. */
export class RunController {
  constructor(
    private readonly queue: WorkQueue,
    private readonly library: RunLibrary,
    private readonly train: Train,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /**
   * Runs an experiment when its turn comes.
   * @returns the run, or undefined where it was cancelled or failed before its first step
   */
  run(experiment: Experiment, name = experiment.name ?? modelName(experiment.model)): Promise<RunRecord | undefined> {
    return this.queue.run(name, vscode.l10n.t('Diagnosing {0}', name), (turn) => this.record(experiment, name, turn));
  }

  /**
   * Runs an experiment now, in a turn of the queue.
   * @param reached called before the first step with 0, and with the number of steps done whenever there are more
   */
  async record(
    experiment: Experiment,
    name: string,
    { signal, report }: Turn,
    reached: (steps: number) => void = () => undefined,
  ): Promise<RunRecord | undefined> {
    let record: Promise<RunRecord> | undefined;
    // Steps may come before the record is on disk: they wait for it, in order.
    let delivered: Promise<void> = Promise.resolve();
    try {
      const end = await this.train(
        experiment,
        {
          header: (header) => {
            for (const note of header.notes) this.log.info(`${name}: ${note}`);
            record = this.library.begin(name, header);
            delivered = record.then(() => undefined);
            reached(0);
          },
          steps: (chunk) => {
            reached(chunk.firstStep + chunk.count);
            delivered = delivered.then(async () => {
              if (record) this.library.append(await record, chunk);
              const step = chunk.firstStep + chunk.count;
              report({
                message: vscode.l10n.t('step {0} of {1}', step, experiment.steps),
                fraction: step / experiment.steps,
              });
            });
          },
          progress: (phase) => {
            report({ message: phase });
          },
        },
        signal,
      );
      await delivered;
      return await this.finish(record, end);
    } catch (error) {
      if (signal.aborted)
        return await this.finish(record, { kind: 'stopped', reason: vscode.l10n.t('Stopped by the user.') });
      const reason = error instanceof Error ? error.message : String(error);
      this.log.error(`${name}: ${reason}`);
      void vscode.window.showErrorMessage(reason);
      return await this.finish(record, { kind: 'failed', reason });
    }
  }

  private async finish(record: Promise<RunRecord> | undefined, end: RunEnd): Promise<RunRecord | undefined> {
    const run = await record;
    if (run) await this.library.finish(run, end);
    this.log.info(run ? `${run.name}: ${describeEnd(end)}, ${run.steps} steps` : describeEnd(end));
    return run;
  }
}

const describeEnd = (end: RunEnd): string => (end.kind === 'finished' ? end.kind : `${end.kind}: ${end.reason}`);
