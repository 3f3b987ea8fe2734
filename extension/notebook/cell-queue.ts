/** The cells of one notebook that run and wait, one after the other; behind one that fails, none. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { choosePython } from '../capture/python-choice';
import { outputMime, type CellOutput } from '../protocol/notebook-output';
import type { CellStatus } from './cell-status';
import { folderOf, labCellsOf } from './documents';
import type { Laboratory } from './engine/laboratory';
import { runCell } from './engine/run-cell';
import { toEditor } from './editor-cells';
import { errorItem, outputItems } from './output-items';
import { verdictOf } from './presentation/summary';
import { cellOutput } from './serializer';
import type { NotebookOutput } from './gradnb';

interface Waiting {
  execution: vscode.NotebookCellExecution;
  provider: string;
}

/** The status bar of a cell is written anew this often. */
const statusMilliseconds = 200;

/**
 * What is not saved the editor copies a second after its last change, for the window that is reloaded or dies. An output
 * that changes several times a second would never be in that copy: so it stands still for a moment now and then.
 */
const rest = { everyMilliseconds: 10_000, milliseconds: 1500 };

export class CellQueue {
  private waiting: Waiting[] = [];
  private busy = false;
  private interrupt: AbortController | undefined;
  private order = 0;

  constructor(
    private readonly notebook: vscode.NotebookDocument,
    private readonly status: CellStatus,
    private readonly log: vscode.LogOutputChannel,
    private readonly lab: Pick<Laboratory, 'trainer' | 'version' | 'keep' | 'shim'>,
  ) {}

  run(cells: readonly vscode.NotebookCell[], controller: vscode.NotebookController, provider: string): void {
    for (const cell of cells) {
      const execution = controller.createNotebookCellExecution(cell);
      const turn = { execution, provider };
      execution.token.onCancellationRequested(() => {
        this.cancel(turn);
      });
      this.waiting.push(turn);
    }
    if (this.busy) return;
    this.busy = true;
    void this.work().finally(() => {
      this.busy = false;
    });
  }

  /** Stops what runs and forgets what waits. */
  stop(): void {
    this.dropWaiting();
    this.interrupt?.abort();
  }

  private cancel(turn: Waiting): void {
    if (!this.waiting.includes(turn)) {
      this.interrupt?.abort();
      return;
    }
    this.waiting = this.waiting.filter((other) => other !== turn);
    turn.execution.end(undefined);
  }

  private async work(): Promise<void> {
    for (let next = this.waiting.shift(); next; next = this.waiting.shift())
      if (!(await this.execute(next))) this.dropWaiting();
  }

  private dropWaiting(): void {
    for (const { execution } of this.waiting.splice(0)) execution.end(undefined);
  }

  /** @returns whether the cell did what it says */
  private async execute({ execution, provider }: Waiting): Promise<boolean> {
    const { cell } = execution;
    const interrupt = new AbortController();
    this.interrupt = interrupt;
    execution.executionOrder = ++this.order;
    execution.start(Date.now());
    const shown = new ShownOutput(execution);
    const status = throttled((message: string | undefined) => {
      this.status.show(cell, message);
    });
    try {
      await execution.clearOutput();
      const { output, error } = await runCell(cell.document.getText(), {
        ...this.lab,
        folder: folderOf(this.notebook),
        cells: labCellsOf(this.notebook),
        provider,
        t: vscode.l10n.t,
        python: (script) => choosePython(vscode.Uri.file(script)),
        signal: interrupt.signal,
        onOutput: (live) => {
          if (live.kind === 'run') status(vscode.l10n.t('step {0} of {1}', live.steps, live.settings.steps));
          shown.live(live);
        },
        onProgress: (message, fraction) => {
          status(fraction === undefined ? message : `${message} · ${Math.round(100 * fraction)} %`);
        },
      });
      await shown.end([...(output ? [outputItems(output)] : []), ...(error ? [[errorItem(error)]] : [])].flat());
      if (error) this.log.info(`${cell.document.uri.toString()}: ${error.message}`);
      const good = !error && !interrupt.signal.aborted;
      execution.end(good, Date.now());
      return good;
    } catch (error) {
      // The notebook may have been closed meanwhile.
      this.log.error(`A cell could not be run: ${String(error)}`);
      await shown.end([errorItem(error instanceof Error ? error : new Error(String(error)))]).catch(() => undefined);
      execution.end(false, Date.now());
      return false;
    } finally {
      this.interrupt = undefined;
      status.end();
      this.status.show(cell, undefined);
    }
  }
}

/** The output of a running cell: one update on its way at a time, the newest next. */
class ShownOutput {
  private readonly output = new vscode.NotebookCellOutput([]);
  private begun = false;
  private next: CellOutput | undefined;
  private sending: Promise<void> | undefined;
  private lastRest = -Infinity;
  private readonly over = new AbortController();

  constructor(private readonly execution: vscode.NotebookCellExecution) {}

  live(output: CellOutput): void {
    this.next = output;
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
  }

  async end(items: readonly NotebookOutput[]): Promise<void> {
    this.over.abort();
    await this.sending;
    const { cells } = toEditor({ version: 1, cells: [{ kind: 'experiment', source: [], outputs: [...items] }] });
    await this.execution.replaceOutput(cells[0]!.outputs.map(cellOutput));
  }

  private async send(): Promise<void> {
    while (this.next && !this.over.signal.aborted) {
      const items = [
        { mime: outputMime, data: this.next },
        { mime: 'text/plain', data: verdictOf(this.next).text },
      ];
      this.next = undefined;
      const { cells } = toEditor({ version: 1, cells: [{ kind: 'experiment', source: [], outputs: items }] });
      const { items: made } = cellOutputLive(cells[0]!.outputs[0]!);
      if (this.begun) await this.execution.replaceOutputItems(made, this.output);
      else {
        this.begun = true;
        this.output.items = made;
        await this.execution.replaceOutput(this.output);
      }
      if (performance.now() - this.lastRest > rest.everyMilliseconds) {
        await sleep(rest.milliseconds, undefined, { signal: this.over.signal }).catch(() => undefined);
        this.lastRest = performance.now();
      }
    }
  }
}

/** Without what is read into a run that was cut off. */
const cellOutputLive = ({ items }: { items: readonly { mime: string; data: Uint8Array }[] }) => ({
  items: items.map(({ mime, data }) => new vscode.NotebookCellOutputItem(data, mime)),
});

function throttled(show: (message: string | undefined) => void): ((message: string) => void) & { end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  let latest = '';
  const call = (message: string): void => {
    latest = message;
    timer ??= setTimeout(() => {
      timer = undefined;
      show(latest);
    }, statusMilliseconds);
  };
  return Object.assign(call, {
    end: () => {
      clearTimeout(timer);
    },
  });
}
