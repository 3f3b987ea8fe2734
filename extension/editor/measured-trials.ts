/** What was tried on the model whose layers are measured in a file. */
import * as vscode from 'vscode';
import type { SearchLibrary } from '../panel/search-library';
import { refusedPrescriptions, type SourceEdits } from '../panel/source-edits';
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
  /** Answers may come in another order than questions. */
  private asked = 0;
  /** Trials of it that the source has no place for. */
  private refused: ReadonlyMap<number, string> = new Map();
  private readonly subscriptions: readonly { dispose(): unknown }[];

  constructor(
    private readonly measured: MeasuredLayers,
    private readonly searches: SearchLibrary,
    private readonly edits: SourceEdits,
  ) {
    const refresh = () => {
      void this.refresh();
    };
    this.subscriptions = [this.changed, measured.onDidChange(refresh), searches.onDidChange(refresh)];
    refresh();
  }

  /** What a remedy did, for its title at a place, which may be a part of what it would change. */
  effect(uri: vscode.Uri, remedy: string, at: vscode.Position, isPart: boolean): string | undefined {
    if (!this.search || !this.isAbout(uri)) return undefined;
    const layers = this.measured.at(uri, at).map(({ info }) => info.name);
    return effectOfRemedy(this.search, remedy, { layers, isPart });
  }

  /** The best prescriptions for the model of a file. */
  offered(uri: vscode.Uri): OfferedPrescription[] {
    const { search } = this;
    const { run } = this.measured;
    if (!search || !run || !this.isAbout(uri)) return [];
    return prescribedTrials(search)
      .filter((index) => !this.refused.has(index))
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
    const asked = ++this.asked;
    const { run } = this.measured;
    const search = run && (await this.searches.of(run));
    const refused = run && search?.end ? await refusedPrescriptions(this.edits, run, search) : undefined;
    if (asked !== this.asked || search === this.search) return;
    this.search = search;
    this.refused = refused ?? new Map<number, string>();
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
