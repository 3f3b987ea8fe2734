/** Everything that the editor shows in source files. */
import * as vscode from 'vscode';
import { AnalysisClient } from './analysis-client';
import { registerLintActions } from './lint-actions';
import { LintDiagnostics } from './lint-diagnostics';
import { registerRulePages } from './rule-page';

export interface SourceFeatures {
  extension: vscode.Uri;
  log: vscode.LogOutputChannel;
}

/** The analysis itself is loaded in a thread of its own when the first file asks for it. */
export function registerSourceFeatures({ extension, log }: SourceFeatures): vscode.Disposable {
  const analysis = new AnalysisClient(vscode.Uri.joinPath(extension, 'dist/analysis-worker.js').fsPath);
  const lint = new LintDiagnostics(analysis, log);
  return vscode.Disposable.from(
    analysis,
    lint,
    registerLintActions(analysis, lint, () => undefined),
    registerRulePages(extension),
  );
}
