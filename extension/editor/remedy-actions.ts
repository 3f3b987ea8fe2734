/** The remedies that the place of the cursor can take, as refactorings. */
import * as vscode from 'vscode';
import type { AnalysisClient } from './analysis-client';
import type { RemedyEdit } from './analysis-messages';
import { reviewOf, type TrialEffect } from './lint-actions';
import {
  addEdits,
  analysedDocument,
  partsOf,
  rangeOf,
  sourceDocumentOf,
  sourceSelector,
  ticked,
  type SourceDocument,
} from './source-documents';

/** Those that leave alone what the network computes. */
const trainingKind = vscode.CodeActionKind.Refactor.append('gradientDoctor');
const networkKind = vscode.CodeActionKind.RefactorRewrite.append('gradientDoctor');

export class RemedyActions implements vscode.CodeActionProvider {
  constructor(
    private readonly analysis: AnalysisClient,
    private readonly effect: TrialEffect,
  ) {}

  async provideCodeActions(
    text: vscode.TextDocument,
    { start, end }: vscode.Range,
    { only, triggerKind }: vscode.CodeActionContext,
  ): Promise<vscode.CodeAction[]> {
    // Every cursor movement asks; remedies are worked out when a person does.
    if (triggerKind !== vscode.CodeActionTriggerKind.Invoke) return [];
    const isWanted = (kind: vscode.CodeActionKind): boolean => !only || only.contains(kind);
    if (!isWanted(trainingKind) && !isWanted(networkKind)) return [];
    const document = sourceDocumentOf(text);
    const given = document && analysedDocument(document);
    if (!document || !given) return [];
    const part = partsOf(document).indexOf(text);
    const range = { start: plain(start), end: plain(end) };
    const possible = await this.analysis.ask('remedies', { document: given, at: { part, range } });
    return possible.flatMap((edit) => {
      const kind = edit.changesNetwork ? networkKind : trainingKind;
      if (!isWanted(kind)) return [];
      const effect = this.effect(document, edit.remedy, start, edit.isPart);
      const action = new vscode.CodeAction(effect === undefined ? edit.title : `${edit.title}: ${effect}`, kind);
      action.edit = workspaceEditOf(document, edit);
      return [action];
    });
  }
}

const plain = ({ line, character }: vscode.Position) => ({ line, character });

/** What changes the network, or several files, is shown before it is made. */
export function workspaceEditOf(document: SourceDocument, edit: RemedyEdit): vscode.WorkspaceEdit {
  const made = new vscode.WorkspaceEdit();
  const review =
    edit.changesNetwork || edit.others.length > 0
      ? reviewOf(edit.title, vscode.l10n.t('Changes what the network computes'))
      : undefined;
  addEdits(made, partsOf(document), edit.edits, review);
  for (const { path, range, newText } of edit.others)
    made.replace(vscode.Uri.file(path), rangeOf({ range }), newText, review && ticked(review));
  return made;
}

export const registerRemedyActions = (analysis: AnalysisClient, effect: TrialEffect): vscode.Disposable =>
  vscode.languages.registerCodeActionsProvider(sourceSelector, new RemedyActions(analysis, effect), {
    providedCodeActionKinds: [trainingKind, networkKind],
  });
