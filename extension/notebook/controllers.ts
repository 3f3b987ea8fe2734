/** An execution provider is a kernel: one controller for each that is found. */
import * as vscode from 'vscode';
import { readableNumber } from '../panel/readable-number';
import type { RunLibrary } from '../panel/run-library';
import { fastestProvider, type ProviderInfo } from '../protocol/provider';
import type { RunHeader } from '../protocol/run';
import { Trainer, type TrainerOptions } from '../trainer/host';
import type { CellStatus } from './cell-status';
import { isExperimentNotebook } from './documents';
import type { Laboratory } from './engine/laboratory';
import { cellLanguage, notebookType } from './identity';
import { CellQueue } from './cell-queue';

const names: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  cuda: 'CUDA',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  coreml: 'Core ML',
};

/** Where it makes no sense to speak of a provider. */
const elsewhere: Readonly<Record<string, (platform: NodeJS.Platform) => boolean>> = {
  dml: (platform) => platform !== 'win32',
  coreml: (platform) => platform !== 'darwin',
  cuda: (platform) => platform === 'darwin',
};

/** What the affinity rests on. */
const speed = ({ timeProbe }: ProviderInfo): string | undefined =>
  timeProbe === undefined
    ? undefined
    : vscode.l10n.t('{0} ms for a pass through a small network', readableNumber(1000 * timeProbe));

export class NotebookControllers implements vscode.Disposable {
  private readonly controllers = new Map<string, vscode.NotebookController>();
  private readonly queues = new Map<vscode.NotebookDocument, { queue: CellQueue; trainer: Trainer }>();
  private readonly subscriptions: readonly vscode.Disposable[];
  /** Notebooks that have a kernel: the user's choice, which VS Code remembers, or ours. */
  private readonly settled = new Set<vscode.NotebookDocument>();
  private preferred = 'cpu';
  private searched = false;
  private found = false;

  constructor(
    private readonly extension: string,
    private readonly library: RunLibrary,
    private readonly trainerOptions: TrainerOptions,
    private readonly version: string,
    private readonly status: CellStatus,
    private readonly log: vscode.LogOutputChannel,
    private readonly shim: string,
  ) {
    // It works everywhere: nobody waits until the others are found.
    this.add({ id: 'cpu', usable: true });
    this.subscriptions = [
      vscode.workspace.onDidOpenNotebookDocument((notebook) => {
        this.welcome(notebook);
      }),
      vscode.window.onDidChangeVisibleNotebookEditors(() => {
        this.choose();
      }),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => {
        this.settled.delete(notebook);
        this.close(notebook);
      }),
    ];
    for (const notebook of vscode.workspace.notebookDocuments) this.welcome(notebook);
  }

  dispose(): void {
    for (const notebook of this.queues.keys()) this.close(notebook);
    for (const controller of this.controllers.values()) controller.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private welcome(notebook: vscode.NotebookDocument): void {
    if (!isExperimentNotebook(notebook)) return;
    this.prefer(notebook);
    if (this.searched) return;
    this.searched = true;
    this.search().catch((error: unknown) => {
      this.log.error(`The execution providers could not be listed: ${String(error)}`);
    });
  }

  /** Looks for the other providers, each of which is tried before it is offered. */
  private async search(): Promise<void> {
    const trainer = new Trainer(this.trainerOptions);
    try {
      const found = (await trainer.providers()).filter(({ id }) => !(elsewhere[id]?.(process.platform) ?? false));
      for (const provider of found) this.add(provider);
      this.preferred = fastestProvider(found);
      for (const notebook of vscode.workspace.notebookDocuments)
        if (isExperimentNotebook(notebook)) this.prefer(notebook);
    } finally {
      this.found = true;
      this.choose();
      await trainer.dispose();
    }
  }

  private add(provider: ProviderInfo): void {
    const { id, usable, why, device } = provider;
    const known = this.controllers.get(id);
    if (known) {
      known.detail = speed(provider);
      return;
    }
    const controller = vscode.notebooks.createNotebookController(
      `gradient-doctor.${id}`,
      notebookType,
      `ONNX Runtime · ${names[id] ?? id}`,
      (cells, notebook) => {
        this.queueOf(notebook).run(cells, controller, id);
      },
    );
    controller.onDidChangeSelectedNotebooks(({ notebook, selected }) => {
      if (selected) this.settled.add(notebook);
    });
    controller.supportedLanguages = [cellLanguage];
    controller.supportsExecutionOrder = true;
    if (device !== undefined) controller.description = device;
    controller.detail = speed(provider);
    if (!usable) {
      controller.description = vscode.l10n.t('not usable here');
      controller.detail = why;
    }
    this.controllers.set(id, controller);
  }

  private prefer(notebook: vscode.NotebookDocument): void {
    for (const [id, controller] of this.controllers)
      controller.updateNotebookAffinity(
        notebook,
        id === this.preferred ? vscode.NotebookControllerAffinity.Preferred : vscode.NotebookControllerAffinity.Default,
      );
  }

  /** Among several kernels VS Code chooses none, not even the preferred one. */
  private choose(): void {
    if (!this.found) return;
    for (const editor of vscode.window.visibleNotebookEditors) {
      if (!isExperimentNotebook(editor.notebook) || this.settled.has(editor.notebook)) continue;
      this.settled.add(editor.notebook);
      void vscode.commands.executeCommand('notebook.selectKernel', {
        notebookEditor: editor,
        id: `gradient-doctor.${this.preferred}`,
        extension: this.extension,
      });
    }
  }

  /** Each notebook has a trainer of its own: two of them run side by side. */
  private queueOf(notebook: vscode.NotebookDocument): CellQueue {
    const known = this.queues.get(notebook);
    if (known) return known.queue;
    const trainer = new Trainer(this.trainerOptions);
    const queue = new CellQueue(notebook, this.status, this.log, {
      trainer,
      version: this.version,
      keep: (name, header) => this.keep(name, header),
      shim: this.shim,
    });
    this.queues.set(notebook, { queue, trainer });
    return queue;
  }

  private close(notebook: vscode.NotebookDocument): void {
    const known = this.queues.get(notebook);
    if (!known) return;
    this.queues.delete(notebook);
    known.queue.stop();
    void known.trainer.dispose();
  }

  /** Runs of notebooks are in the gradient panel too, with every step. */
  private keep(name: string, header: RunHeader): ReturnType<NonNullable<Laboratory['keep']>> {
    const record = this.library.begin(name, header);
    // Steps may come before the record is on disk: they wait for it, in order.
    let delivered: Promise<unknown> = record;
    delivered.catch(() => undefined);
    return {
      started: record.then(({ startedAt }) => startedAt),
      keeper: {
        steps: (chunk) => {
          delivered = delivered.then(async () => {
            this.library.append(await record, chunk);
          });
          delivered.catch(() => undefined);
        },
        end: async (end) => {
          await delivered;
          await this.library.finish(await record, end);
        },
      },
    };
  }
}
