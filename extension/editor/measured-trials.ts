/** What was tried on the model whose layers are measured in a file. */
import * as vscode from 'vscode';
import type { SearchLibrary } from '../panel/search-library';
import type { Search, Trial } from '../protocol/prescription';
import { prescribedTrials } from '../protocol/trial-ranking';
import { sourceCommands } from './contributions';
import type { MeasuredLayers } from './measured-layers';
import { sourceSelector } from './source-documents';
import { effectOfRemedy, prescriptionTitle } from './trial-effect';

/** How many prescriptions an editor offers; the panel has all. */
const mostOffered = 3;

/** A prescription as a command: what it does, and how it is applied. */
export interface OfferedPrescription {
  title: string;
  command: vscode.Command;
}

export class MeasuredTrials implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private search: Search | undefined;
  private readonly subscriptions: readonly { dispose(): unknown }[];

  constructor(
    private readonly measured: MeasuredLayers,
    private readonly searches: SearchLibrary,
  ) {
    const refresh = () => {
      void this.refresh();
    };
    this.subscriptions = [this.changed, measured.onDidChange(refresh), searches.onDidChange(refresh)];
    refresh();
  }

  /** What a remedy did, for its title. */
  effect(uri: vscode.Uri, remedy: string): string | undefined {
    return this.search && this.isAbout(uri) ? effectOfRemedy(this.search, remedy) : undefined;
  }

  /** The best prescriptions for the model of a file. */
  offered(uri: vscode.Uri): OfferedPrescription[] {
    const { search } = this;
    const { run } = this.measured;
    if (!search || !run || !this.isAbout(uri)) return [];
    return prescribedTrials(search)
      .slice(0, mostOffered)
      .flatMap((index) => {
        const trial: Trial | undefined = search.trials[index];
        if (!trial) return [];
        const title = prescriptionTitle(search, trial);
        return [{ title, command: { title, command: sourceCommands.applyTrial, arguments: [run.id, index] } }];
      });
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private isAbout(uri: vscode.Uri): boolean {
    return this.measured.all.some((layer) => layer.uri.toString() === uri.toString());
  }

  private async refresh(): Promise<void> {
    const { run } = this.measured;
    const search = run && (await this.searches.of(run));
    if (run !== this.measured.run || search === this.search) return;
    this.search = search;
    this.changed.fire();
  }
}

/** Prescriptions where a finding of the run stands. */
export const registerPrescriptionActions = (measured: MeasuredLayers, trials: MeasuredTrials): vscode.Disposable =>
  vscode.languages.registerCodeActionsProvider(
    sourceSelector,
    {
      provideCodeActions: ({ uri }, { start }) =>
        measured.at(uri, start).length === 0
          ? []
          : trials.offered(uri).map(({ title, command }) => {
              const action = new vscode.CodeAction(title, vscode.CodeActionKind.RefactorRewrite);
              action.command = command;
              return action;
            }),
    },
    { providedCodeActionKinds: [vscode.CodeActionKind.RefactorRewrite] },
  );
