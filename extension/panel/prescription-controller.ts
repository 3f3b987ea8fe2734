import * as vscode from 'vscode';
import { InputError, RunError } from '../protocol/errors';
import type { Experiment } from '../protocol/experiment';
import type { Finding } from '../protocol/finding';
import type { SearchEnd, UpcomingTrial } from '../protocol/prescription';
import type { Run } from '../protocol/run';
import { trialName } from '../protocol/trial-ranking';
import type * as Prescribe from '../remedies/prescribe';
import type { Clinic, PrescribeResult } from '../remedies/prescribe';
import { curvesOf } from '../remedies/score';
import { runTrial, type TimedRun, type TrialTrainer } from '../remedies/trial-run';
import { modelName } from './model-picker';
import type { RunController, Train } from './run-controller';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import type { SearchLibrary } from './search-library';
import type { Turn, WorkQueue } from './work-queue';

/** A search that has ended, and the run whose ills it was about. */
export interface Prescribed {
  run: RunRecord;
  result: PrescribeResult;
  end: SearchEnd;
}

interface Parts {
  queue: WorkQueue;
  runs: RunController;
  library: RunLibrary;
  searches: SearchLibrary;
  train: Train;
  diagnose: (run: Run) => readonly Finding[];
  load: () => typeof Prescribe;
  log: vscode.LogOutputChannel;
}

/** Searches for prescriptions, one at a time, in turn with the runs. What was tried is kept with the run. */
export class PrescriptionController {
  constructor(private readonly parts: Parts) {}

  /**
   * Diagnoses a model as a new run, and tries remedies on it.
   * @param budget seconds that the trials may take
   * @returns undefined where it did not come to a search: what went wrong has been said
   */
  prescribeModel(experiment: Experiment, budget: number): Promise<Prescribed | undefined> {
    const name = experiment.name ?? modelName(experiment.model);
    return this.inTurn(experiment, name, undefined, budget);
  }

  /** Tries remedies on a run, with its own settings. One that was not finished is run anew before. */
  prescribeRun(run: RunRecord, budget: number): Promise<Prescribed | undefined> {
    const { statedExperiment } = this.parts.load();
    return this.inTurn(
      statedExperiment(run.header.settings),
      run.name,
      run.end?.kind === 'finished' ? run : undefined,
      budget,
    );
  }

  private inTurn(
    experiment: Experiment,
    name: string,
    known: RunRecord | undefined,
    budget: number,
  ): Promise<Prescribed | undefined> {
    const title = vscode.l10n.t('Prescribing for {0}', name);
    return this.parts.queue.run(name, title, async (turn) => {
      try {
        return await this.search(experiment, name, known, budget, turn);
      } catch (error) {
        if (error instanceof NoBaseline || turn.signal.aborted) return undefined;
        const reason = error instanceof Error ? error.message : String(error);
        this.parts.log.error(`${name}: ${reason}`);
        void vscode.window.showErrorMessage(reason);
        return undefined;
      }
    });
  }

  /** @throws NoBaseline, and what the run to compare with throws */
  private async search(
    experiment: Experiment,
    name: string,
    known: RunRecord | undefined,
    budget: number,
    turn: Turn,
  ): Promise<Prescribed> {
    const { searches, diagnose, log } = this.parts;
    const { prescribe } = this.parts.load();
    let run: RunRecord | undefined;
    let upcoming: UpcomingTrial | undefined;
    /** When the trials began; 0 where there are none. */
    let began = 0;
    const seconds = () => performance.now() / 1000;
    const clinic: Clinic = {
      now: seconds,
      diagnose,
      train: async (treated, signal, isHopeless) => {
        if (upcoming) {
          // The winner is repeated beyond the budget.
          const fraction = Math.min(0.95, (seconds() - began) / Math.max(1, budget));
          turn.report({ message: whatIsTried(upcoming), fraction });
          return this.trial(treated, upcoming, name, signal, isHopeless);
        }
        const baseline = await this.baseline(treated, name, known, turn);
        run = baseline.run;
        return baseline.timed;
      },
    };
    const result = await prescribe(experiment, clinic, {
      budget,
      signal: turn.signal,
      t: (text, ...values) => vscode.l10n.t(text, ...values),
      onBaseline: (baseline, findings) => {
        const ill = findings.some(({ severity }) => severity !== 'information');
        if (!run || !ill || turn.signal.aborted) return;
        began = seconds();
        searches.begin(run, budget);
        searches.addBaseline(run, curvesOf(baseline));
      },
      onUpcoming: (next) => {
        upcoming = next;
        searches.announce(run!, next);
      },
      onTrial: (trial) => {
        log.info(`${name}: ${trialName(trial)}: ${trial.outcome}. ${trial.why}`);
        searches.addTrial(run!, trial);
      },
    });
    const end: SearchEnd = turn.signal.aborted
      ? { kind: 'stopped', reason: vscode.l10n.t('Stopped by the user.') }
      : { kind: 'finished' };
    if (began > 0) searches.finish(run!, result.prescriptions, end);
    return { run: run!, result, end };
  }

  /** Measures what trials are compared with: a new run in the library, unless there is one. */
  private async baseline(
    experiment: Experiment,
    name: string,
    known: RunRecord | undefined,
    turn: Turn,
  ): Promise<{ run: RunRecord; timed: TimedRun }> {
    const { runs, library, train } = this.parts;
    if (known) {
      turn.report({ message: vscode.l10n.t('measuring the run again, to compare with') });
      const timed = await runTrial(asTrainer(train), experiment, turn.signal);
      if (timed.header.modelHash !== known.header.modelHash)
        throw new InputError(
          vscode.l10n.t('{0} has changed since this run was measured. Diagnose it again.', known.header.model),
        );
      return { run: known, timed };
    }
    const clock = { begin: 0, latest: 0 };
    const run = await runs.record(experiment, name, turn, (steps) => {
      clock.latest = performance.now();
      if (steps === 0) clock.begin = clock.latest;
    });
    if (run?.end?.kind !== 'finished') throw new NoBaseline();
    const measured = await library.read(run);
    return { run, timed: { ...measured, secondsPerStep: (clock.latest - clock.begin) / 1000 / measured.steps } };
  }

  private async trial(
    treated: Experiment,
    upcoming: UpcomingTrial,
    name: string,
    ...how: readonly [signal: AbortSignal | undefined, isHopeless?: (soFar: Run) => boolean]
  ): Promise<TimedRun> {
    const { train, log } = this.parts;
    const [signal] = how;
    try {
      return await runTrial(asTrainer(train), treated, ...how);
    } catch (error) {
      // A trainer that dies costs this one trial.
      if (error instanceof RunError && !signal?.aborted) {
        log.error(`${name}: ${trialName(upcoming)}: ${error.message}`);
        void vscode.window.showWarningMessage(
          vscode.l10n.t('{0} could not be measured. {1} The search goes on.', trialName(upcoming), error.message),
        );
      }
      throw error;
    }
  }
}

/** There is nothing to compare with: the run was stopped or failed, which has been said. */
class NoBaseline extends Error {}

function whatIsTried({ seed, left, ...trial }: UpcomingTrial): string {
  const name = trialName(trial);
  if (seed !== undefined) return vscode.l10n.t('repeating {0} with seed {1}', name, seed);
  return left === 0 ? vscode.l10n.t('trying {0}', name) : vscode.l10n.t('trying {0}, {1} left', name, left);
}

const asTrainer = (train: Train): TrialTrainer => ({
  train: (experiment, { signal, ...events }) =>
    train(
      experiment,
      { header: () => undefined, steps: () => undefined, progress: () => undefined, ...events },
      signal ?? new AbortController().signal,
    ),
});
