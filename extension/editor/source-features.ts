/** Everything that the editor shows in source files. */
import * as vscode from 'vscode';
import { showHandbook } from '../panel/handbook';
import type { RunLibrary } from '../panel/run-library';
import { AnalysisClient } from './analysis-client';
import { sourceCommands } from './contributions';
import { registerLayerHover } from './layer-hover';
import { registerLintActions, type TrialEffect } from './lint-actions';
import { LintDiagnostics } from './lint-diagnostics';
import { registerMeasuredDiagnostics } from './measured-diagnostics';
import { MeasuredLayers } from './measured-layers';
import { registerRemedyActions } from './remedy-actions';
import { registerRulePages } from './rule-page';
import { registerSourceLenses, SourceLenses } from './source-lenses';

export interface SourceFeatures {
  context: vscode.ExtensionContext;
  library: RunLibrary;
  log: vscode.LogOutputChannel;
}

/** The analysis itself is loaded in a thread of its own when the first file asks for it. */
export function registerSourceFeatures({ context, library, log }: SourceFeatures): vscode.Disposable {
  const { extensionUri, workspaceState, extension } = context;
  const analysis = new AnalysisClient(vscode.Uri.joinPath(extensionUri, 'dist/analysis-worker.js').fsPath);
  const lint = new LintDiagnostics(analysis, log);
  const measured = new MeasuredLayers(library, analysis, workspaceState, log);
  const effect: TrialEffect = () => undefined;
  const { contributes } = extension.packageJSON as { contributes: { commands: { command: string }[] } };
  const contributed = new Set(contributes.commands.map(({ command }) => command));
  return vscode.Disposable.from(
    analysis,
    lint,
    measured,
    registerLintActions(analysis, lint, effect),
    registerRemedyActions(analysis, effect),
    registerMeasuredDiagnostics(measured),
    registerLayerHover(measured, library),
    registerSourceLenses(new SourceLenses(analysis, lint, measured, (command) => contributed.has(command))),
    registerRulePages(extensionUri),
    vscode.commands.registerCommand(sourceCommands.explainSymptom, (symptom: unknown) =>
      showHandbook(extensionUri, `symptoms/${String(symptom)}`),
    ),
  );
}
