import * as vscode from 'vscode';
import { contexts } from '../editor/contributions';

/** How far the work that is going on has come. */
export interface WorkProgress {
  name: string;
  /** What is being done. */
  message: string;
  /** 0 to 1. */
  fraction: number;
}

/** What a piece of work reports to, and is stopped by. */
export interface Turn {
  readonly signal: AbortSignal;
  readonly report: (change: { message?: string; fraction?: number }) => void;
}

/** Whatever occupies the trainer, one after the other, each with a progress notification that can cancel it. */
export class WorkQueue implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeProgress = this.changed.event;
  private progressNow: WorkProgress | undefined;
  /** What is going on, then what waits. */
  private readonly accepted: { readonly name: string }[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private abort: AbortController | undefined;

  /** Of the work that is going on, if there is any. */
  get progress(): WorkProgress | undefined {
    return this.progressNow;
  }

  /** Names of what waits for its turn. */
  get waiting(): readonly string[] {
    return this.accepted.slice(1).map(({ name }) => name);
  }

  /** Stops what is going on; the next in the queue begins. */
  stop(): void {
    this.abort?.abort();
  }

  /**
   * Does the work when its turn comes.
   * @param title of the notification
   * @returns what the work returns, or undefined where it was cancelled while it waited
   */
  run<T>(name: string, title: string, work: (turn: Turn) => Promise<T>): Promise<T | undefined> {
    const abort = new AbortController();
    return Promise.resolve(
      vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        async (notification, token) => {
          token.onCancellationRequested(() => {
            abort.abort();
          });
          const ahead = this.accepted.at(-1);
          const place = { name };
          this.accepted.push(place);
          if (ahead) notification.report({ message: vscode.l10n.t('waiting for {0} to end', ahead.name) });
          this.changed.fire();
          const done = this.last
            .then(() => (abort.signal.aborted ? undefined : this.perform(name, work, notification, abort)))
            .finally(() => {
              this.accepted.splice(this.accepted.indexOf(place), 1);
              this.changed.fire();
            });
          this.last = done.catch(() => undefined);
          return done;
        },
      ),
    );
  }

  dispose(): void {
    this.abort?.abort();
    this.changed.dispose();
  }

  private async perform<T>(
    name: string,
    work: (turn: Turn) => Promise<T>,
    notification: vscode.Progress<{ message?: string; increment?: number }>,
    abort: AbortController,
  ): Promise<T> {
    this.abort = abort;
    const report: Turn['report'] = (change) => {
      const before = this.progressNow ?? { name, message: '', fraction: 0 };
      const now = { ...before, ...change };
      this.progressNow = now;
      notification.report({ message: now.message, increment: Math.max(0, now.fraction - before.fraction) * 100 });
      this.changed.fire();
    };
    await setRunning(true);
    report({ message: vscode.l10n.t('starting') });
    try {
      return await work({ signal: abort.signal, report });
    } finally {
      this.abort = undefined;
      this.progressNow = undefined;
      await setRunning(false);
      this.changed.fire();
    }
  }
}

const setRunning = (running: boolean) => vscode.commands.executeCommand('setContext', contexts.running, running);
