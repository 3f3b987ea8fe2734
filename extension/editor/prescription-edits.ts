/** Prescriptions as edits of the user's source: from the panel, a code lens or a code action. */
import * as vscode from 'vscode';
import { findSource } from '../panel/layer-source';
import type { RunLibrary } from '../panel/run-library';
import type { SearchLibrary } from '../panel/search-library';
import type { AppliedTrial, MeasuredModel, SourceEdits } from '../panel/source-edits';
import type { AnalysisClient } from './analysis-client';
import type { AnalysisQuestions } from './analysis-messages';
import { captureCommands } from './contributions';
import { workspaceEditOf } from './remedy-actions';
import { analysedDocument } from './source-documents';

export class PrescriptionEdits implements SourceEdits {
  /** @param contributed whether a command is there */
  constructor(
    private readonly analysis: AnalysisClient,
    private readonly library: RunLibrary,
    private readonly searches: SearchLibrary,
    private readonly contributed: (command: string) => boolean,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  known({ header: { layout, settings } }: MeasuredModel, { remedies, outcome }: AppliedTrial): boolean {
    const hasSource = settings.capture !== undefined || layout.layers.some(({ source }) => source !== undefined);
    return hasSource && remedies.length > 0 && outcome !== 'failed' && outcome !== 'skipped';
  }

  async refusals(model: MeasuredModel, trials: readonly AppliedTrial[]): Promise<readonly (string | undefined)[]> {
    if (trials.length === 0) return [];
    try {
      const uris = await sourcesOf(model);
      if (uris.length === 0) return trials.map(() => sourceIsMissing(model));
      const asking = trials.map((trial) => asked(model, trial));
      const reasons: (string | undefined)[][] = [];
      for (const uri of uris) {
        const given = analysedDocument(await vscode.workspace.openTextDocument(uri));
        if (given) reasons.push([...(await this.analysis.ask('refusals', { document: given, trials: asking }))]);
      }
      // The reason of the file that comes first.
      return trials.map((_, at) => (reasons.every((own) => own[at] !== undefined) ? reasons[0]?.[at] : undefined));
    } catch (error) {
      // Whoever applies one of them is told.
      this.log.error(error instanceof Error ? error : String(error));
      return [];
    }
  }

  /** Shows the edit, makes it if the user agrees, and offers to measure the model again. */
  async apply(model: MeasuredModel, trial: AppliedTrial, measureAgain?: () => Thenable<unknown>): Promise<void> {
    const { capture } = model.header.settings;
    const command = (): Thenable<unknown> => vscode.commands.executeCommand(captureCommands.measureAgain, model);
    const again = capture && this.contributed(captureCommands.measureAgain) ? command : undefined;
    try {
      await this.write(model, trial, measureAgain ?? again);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.log.error(reason);
      void vscode.window.showErrorMessage(vscode.l10n.t('The edit could not be made. {0}', reason.split('\n')[0]!));
    }
  }

  /** Applies a trial by the id of its run and its place among the trials. */
  async applyTrial(id: unknown, trial: unknown): Promise<void> {
    const run = typeof id === 'string' ? this.library.find(id) : undefined;
    const found = run && typeof trial === 'number' ? (await this.searches.of(run))?.trials[trial] : undefined;
    if (run && found) await this.apply(run, found);
  }

  private async write(
    model: MeasuredModel,
    trial: AppliedTrial,
    measureAgain: (() => Thenable<unknown>) | undefined,
  ): Promise<void> {
    const uris = await sourcesOf(model);
    if (uris.length === 0) {
      void vscode.window.showWarningMessage(sourceIsMissing(model));
      return;
    }
    const refused: string[] = [];
    for (const uri of uris) {
      const document = await vscode.workspace.openTextDocument(uri);
      const given = analysedDocument(document);
      if (!given) continue;
      const edit = await this.analysis.ask('edit', { document: given, trial: asked(model, trial) });
      const path = vscode.workspace.asRelativePath(uri);
      if ('refused' in edit) {
        refused.push(vscode.l10n.t('This cannot be written into {0} exactly. {1}', path, edit.refused));
        continue;
      }
      await vscode.window.showTextDocument(document, { preserveFocus: true });
      if (await vscode.workspace.applyEdit(workspaceEditOf(document, edit), { isRefactoring: true }))
        await this.offerToMeasure(path, measureAgain);
      return;
    }
    void vscode.window.showWarningMessage(
      refused[0] ?? vscode.l10n.t('{0} is no PyTorch or TensorFlow.js program.', uris[0]!.fsPath),
    );
  }

  private async offerToMeasure(path: string, measureAgain: (() => Thenable<unknown>) | undefined): Promise<void> {
    const done = vscode.l10n.t('Applied to {0}.', path);
    const measure = vscode.l10n.t('Measure Again');
    const answer = await vscode.window.showInformationMessage(done, ...(measureAgain ? [measure] : []));
    if (answer === measure) await measureAgain?.();
  }
}

const asked = (
  { header }: MeasuredModel,
  { remedies, learningRateFactor }: AppliedTrial,
): AnalysisQuestions['edit']['given']['trial'] => ({
  remedies,
  learningRateFactor,
  layers: header.layout.layers.map(({ name }) => name),
});

const sourceIsMissing = ({ name }: MeasuredModel): string =>
  vscode.l10n.t('The source of {0} is not in this workspace.', name);

/** Files that are edited at most. */
const mostFiles = 4;

/** The training script where the model was captured from one, then the files that its layers come from, those of the most first. */
async function sourcesOf({ header: { layout, settings } }: MeasuredModel): Promise<vscode.Uri[]> {
  const counts = new Map<string, number>(settings.capture ? [[settings.capture.script, Infinity]] : []);
  for (const { source, created } of layout.layers)
    for (const file of new Set([source?.file, created?.file]))
      if (file !== undefined) counts.set(file, (counts.get(file) ?? 0) + 1);
  const files = [...counts].sort(([, a], [, b]) => b - a).slice(0, mostFiles);
  const uris = await Promise.all(files.map(([file]) => findSource(file, settings.model)));
  return uris.filter((uri) => uri !== undefined);
}
