import * as vscode from 'vscode';
import type { Experiment } from '../protocol/experiment';
import type { RunEnd, RunHeader, StepChunk } from '../protocol/run';
import { contexts } from '../editor/contributions';
import { modelName } from './model-picker';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';

export interface TrainingEvents {
  header: (header: RunHeader) => void;
  steps: (chunk: StepChunk) => void;
  progress: (phase: string, fraction?: number) => void;
}

/** What trains a model: the trainer process, started when it is needed. */
export type Train = (experiment: Experiment, events: TrainingEvents, signal: AbortSignal) => Promise<RunEnd>;

/** How far the current run is. */
export interface RunProgress {
  name: string;
  /** What is being done, until the first step. */
  phase: string;
  step: number;
  steps: number;
}

/** Runs experiments one after the other, with a progress notification each. */
export class RunController implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeProgress = this.changed.event;
  private progressNow: RunProgress | undefined;
  /** The run that is going on, then those that wait. */
  private readonly accepted: { readonly name: string }[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private abort: AbortController | undefined;

  constructor(
    private readonly library: RunLibrary,
    private readonly train: Train,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Of the run that is going on, if there is one. */
  get progress(): RunProgress | undefined {
    return this.progressNow;
  }

  /** Names of the runs that wait for their turn. */
  get queue(): readonly string[] {
    return this.accepted.slice(1).map(({ name }) => name);
  }

  /** Stops the run that is going on; the next one in the queue begins. */
  stop(): void {
    this.abort?.abort();
  }

  /**
   * Runs an experiment when its turn comes.
   * @returns the run, or undefined where it was cancelled or failed before its first step
   */
  run(experiment: Experiment, name = experiment.name ?? modelName(experiment.model)): Promise<RunRecord | undefined> {
    const abort = new AbortController();
    return Promise.resolve(
      vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: vscode.l10n.t('Diagnosing {0}', name),
          cancellable: true,
        },
        async (progress, token) => {
          token.onCancellationRequested(() => {
            abort.abort();
          });
          const ahead = this.accepted.at(-1);
          const turn = { name };
          this.accepted.push(turn);
          if (ahead) progress.report({ message: vscode.l10n.t('waiting for {0} to end', ahead.name) });
          this.changed.fire();
          const work = this.last
            .then(() => (abort.signal.aborted ? undefined : this.perform(experiment, name, progress, abort)))
            .finally(() => {
              this.accepted.splice(this.accepted.indexOf(turn), 1);
              this.changed.fire();
            });
          this.last = work.catch(() => undefined);
          return work;
        },
      ),
    );
  }

  dispose(): void {
    this.abort?.abort();
    this.changed.dispose();
  }

  private async perform(
    experiment: Experiment,
    name: string,
    notification: vscode.Progress<{ message?: string; increment?: number }>,
    abort: AbortController,
  ): Promise<RunRecord | undefined> {
    this.abort = abort;
    let record: Promise<RunRecord> | undefined;
    // Steps may come before the record is on disk: they wait for it, in order.
    let delivered: Promise<void> = Promise.resolve();
    const report = (change: Partial<RunProgress>) => {
      const before = this.progressNow ?? { name, phase: '', step: 0, steps: experiment.steps };
      const now = { ...before, ...change };
      this.progressNow = now;
      notification.report({
        message: now.step > 0 ? vscode.l10n.t('step {0} of {1}', now.step, now.steps) : now.phase,
        increment: ((now.step - before.step) / now.steps) * 100,
      });
      this.changed.fire();
    };
    await setRunning(true);
    report({ phase: vscode.l10n.t('starting') });
    try {
      const end = await this.train(
        experiment,
        {
          header: (header) => {
            for (const note of header.notes) this.log.info(`${name}: ${note}`);
            record = this.library.begin(name, header);
            delivered = record.then(() => undefined);
          },
          steps: (chunk) => {
            delivered = delivered.then(async () => {
              if (record) this.library.append(await record, chunk);
              report({ step: chunk.firstStep + chunk.count });
            });
          },
          progress: (phase) => {
            report({ phase });
          },
        },
        abort.signal,
      );
      await delivered;
      return await this.finish(record, end);
    } catch (error) {
      if (abort.signal.aborted)
        return await this.finish(record, { kind: 'stopped', reason: vscode.l10n.t('Stopped by the user.') });
      const reason = error instanceof Error ? error.message : String(error);
      this.log.error(`${name}: ${reason}`);
      void vscode.window.showErrorMessage(reason);
      return await this.finish(record, { kind: 'failed', reason });
    } finally {
      this.abort = undefined;
      this.progressNow = undefined;
      await setRunning(false);
      this.changed.fire();
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

const setRunning = (running: boolean) => vscode.commands.executeCommand('setContext', contexts.running, running);
