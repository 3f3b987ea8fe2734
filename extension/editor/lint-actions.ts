/** Code actions for findings of the lint rules: their fixes, comments that switch a rule off, and the fix-all on save. */
import * as vscode from 'vscode';
import type { AnalysisClient } from './analysis-client';
import type { PartEdit, SourceFinding, SourceFix } from './analysis-messages';
import { sourceCommands } from './contributions';
import { diagnosticSource, type LintDiagnostics } from './lint-diagnostics';
import {
  addEdits,
  analysedDocument,
  isNotebook,
  partsOf,
  rangeOf,
  sourceDocumentOf,
  sourceSelector,
  type SourceDocument,
} from './source-documents';

export const fixAllKind = vscode.CodeActionKind.SourceFixAll.append('gradientDoctor');

/** Of what a remedy did when it was tried on the model of a document: `first-layer gradient ×3,400 in trial`. */
export type TrialEffect = (
  document: SourceDocument,
  remedy: string,
  at: vscode.Position,
  isPart: boolean,
) => string | undefined;

export class LintActions implements vscode.CodeActionProvider {
  constructor(
    private readonly analysis: AnalysisClient,
    private readonly lint: LintDiagnostics,
    private readonly effect: TrialEffect,
  ) {}

  async provideCodeActions(
    text: vscode.TextDocument,
    range: vscode.Range,
    context: vscode.CodeActionContext,
  ): Promise<vscode.CodeAction[]> {
    const document = sourceDocumentOf(text);
    if (!document) return [];
    const parts = partsOf(document);
    const part = parts.indexOf(text);
    if (context.only && vscode.CodeActionKind.Source.contains(context.only))
      return context.only.contains(fixAllKind) ? this.fixAll(document, part) : [];
    const findings = await this.lint.current(document);
    return findings
      .filter((finding) => finding.part === part && rangeOf(finding).intersection(range))
      .flatMap((finding) => this.actionsFor(document, finding, context))
      .filter(({ kind }) => !context.only || (kind && context.only.contains(kind)));
  }

  private actionsFor(
    document: SourceDocument,
    finding: SourceFinding,
    context: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    const parts = partsOf(document);
    const diagnostics = context.diagnostics.filter(
      ({ source, code, range }) =>
        source === diagnosticSource &&
        typeof code === 'object' &&
        code.value === finding.rule &&
        range.isEqual(rangeOf(finding)),
    );
    const action = (title: string, kind: vscode.CodeActionKind, edits: readonly PartEdit[], review?: SourceFix) => {
      const made = new vscode.CodeAction(title, kind);
      made.edit = new vscode.WorkspaceEdit();
      addEdits(made.edit, parts, edits, review && reviewOf(review.title, finding.message));
      made.diagnostics = diagnostics;
      return made;
    };
    const fixes = finding.fixes.map((fix) => {
      const { changesNetwork, safe, edits } = fix;
      const kind = changesNetwork ? vscode.CodeActionKind.RefactorRewrite : vscode.CodeActionKind.QuickFix;
      const made = action(this.titleOf(document, finding, fix), kind, edits, changesNetwork ? fix : undefined);
      if (safe) made.isPreferred = true;
      return made;
    });
    const { rule, disableLine, disableFile } = finding;
    const everywhere = isNotebook(document)
      ? vscode.l10n.t('Disable {0} for this notebook', rule)
      : vscode.l10n.t('Disable {0} for this file', rule);
    const explain = new vscode.CodeAction(vscode.l10n.t('Explain {0}', rule), vscode.CodeActionKind.QuickFix);
    explain.command = { title: explain.title, command: sourceCommands.openRule, arguments: [rule] };
    explain.diagnostics = diagnostics;
    return [
      ...fixes,
      ...(disableLine
        ? [action(vscode.l10n.t('Disable {0} for this line', rule), vscode.CodeActionKind.QuickFix, [disableLine])]
        : []),
      action(everywhere, vscode.CodeActionKind.QuickFix, [disableFile]),
      explain,
    ];
  }

  private titleOf(document: SourceDocument, finding: SourceFinding, { title, remedy, isPart }: SourceFix): string {
    const effect = remedy === undefined ? undefined : this.effect(document, remedy, rangeOf(finding).start, isPart);
    return effect === undefined ? title : `${title}: ${effect}`;
  }

  private async fixAll(document: SourceDocument, part: number): Promise<vscode.CodeAction[]> {
    const given = analysedDocument(document);
    const rules = this.lint.rulesFor(document);
    if (!given || !rules) return [];
    const edits = await this.analysis.ask('fixAll', { document: given, rules, part });
    if (edits.length === 0) return [];
    const action = new vscode.CodeAction(vscode.l10n.t('Fix the order of the training loop'), fixAllKind);
    action.edit = new vscode.WorkspaceEdit();
    addEdits(action.edit, partsOf(document), edits);
    return [action];
  }
}

/** What changes the network is shown before it is done. */
export const reviewOf = (label: string, description: string): vscode.WorkspaceEditEntryMetadata => ({
  needsConfirmation: true,
  label,
  description,
});

export const registerLintActions = (
  analysis: AnalysisClient,
  lint: LintDiagnostics,
  effect: TrialEffect,
): vscode.Disposable =>
  vscode.languages.registerCodeActionsProvider(sourceSelector, new LintActions(analysis, lint, effect), {
    providedCodeActionKinds: [vscode.CodeActionKind.QuickFix, vscode.CodeActionKind.RefactorRewrite, fixAllKind],
  });
