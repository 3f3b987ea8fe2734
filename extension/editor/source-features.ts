/** Everything that the editor shows in source files. */
import * as vscode from 'vscode';
import type { RunLibrary } from '../panel/run-library';
import type { SearchLibrary } from '../panel/search-library';
import type { SourceEdits } from '../panel/source-edits';
import { AnalysisClient } from './analysis-client';
import type { ModuleClass } from './analysis-messages';
import { sourceCommands } from './contributions';
import { registerLayerHover } from './layer-hover';
import { registerLintActions, type TrialEffect } from './lint-actions';
import { LintDiagnostics } from './lint-diagnostics';
import { registerMeasuredDiagnostics } from './measured-diagnostics';
import { MeasuredLayers } from './measured-layers';
import { MeasuredTrials, registerPrescriptionActions } from './measured-trials';
import { PrescriptionEdits } from './prescription-edits';
import { registerRemedyActions } from './remedy-actions';
import { registerRulePages } from './rule-page';
import { analysedDocument } from './source-documents';
import { registerSourceLenses, SourceLenses } from './source-lenses';

export interface SourceParts {
  context: vscode.ExtensionContext;
  library: RunLibrary;
  searches: SearchLibrary;
  log: vscode.LogOutputChannel;
}

export interface SourceFeatures {
  dispose(): void;
  /** For the panel. */
  readonly edits: SourceEdits;
  /** The classes of modules in a document. */
  modulesIn(document: vscode.TextDocument): Promise<readonly ModuleClass[]>;
}

/** The analysis itself is loaded in a thread of its own when the first file asks for it. */
export function registerSourceFeatures({ context, library, searches, log }: SourceParts): SourceFeatures {
  const { extensionUri, workspaceState, extension } = context;
  const analysis = new AnalysisClient(vscode.Uri.joinPath(extensionUri, 'dist/analysis-worker.js').fsPath);
  const lint = new LintDiagnostics(extensionUri, analysis, log);
  const measured = new MeasuredLayers(library, analysis, workspaceState, log);
  const { contributes } = extension.packageJSON as { contributes: { commands: { command: string }[] } };
  const names = new Set(contributes.commands.map(({ command }) => command));
  const contributed = (command: string): boolean => names.has(command);
  const edits = new PrescriptionEdits(analysis, library, searches, contributed, log);
  const trials = new MeasuredTrials(measured, searches, edits);
  const effect: TrialEffect = ({ uri }, remedy, at, isPart) => trials.effect(uri, remedy, at, isPart);
  const all = vscode.Disposable.from(
    analysis,
    lint,
    measured,
    trials,
    registerLintActions(analysis, lint, effect),
    registerRemedyActions(analysis, effect),
    registerMeasuredDiagnostics(extensionUri, measured),
    registerLayerHover(measured, library),
    registerPrescriptionActions(measured, trials),
    registerSourceLenses(new SourceLenses({ analysis, lint, measured, trials, contributed })),
    registerRulePages(extensionUri),
    vscode.commands.registerCommand(sourceCommands.applyTrial, (run: unknown, trial: unknown) =>
      edits.applyTrial(run, trial),
    ),
  );
  return {
    edits,
    modulesIn: async (text) => {
      const document = analysedDocument(text);
      return document ? (await analysis.ask('outline', { document })).modules : [];
    },
    dispose: () => {
      all.dispose();
    },
  };
}
