/** Code lenses: what was found in a training loop, and how to diagnose it or a module by itself. */
import * as vscode from 'vscode';
import type { AnalysisClient } from './analysis-client';
import type { Outline, PartRange } from './analysis-messages';
import { captureCommands, commands } from './contributions';
import type { LintDiagnostics } from './lint-diagnostics';
import type { MeasuredLayers } from './measured-layers';
import type { MeasuredTrials } from './measured-trials';
import { readSettings } from './settings';
import {
  analysedDocument,
  partsOf,
  rangeOf,
  sourceDocumentOf,
  sourceSelector,
  type SourceDocument,
} from './source-documents';

/** The editor drops a plain space after an icon. */
const withIcon = (icon: string, title: string): string => `$(${icon})\u00a0${title}`;

export interface LensParts {
  analysis: AnalysisClient;
  lint: LintDiagnostics;
  measured: MeasuredLayers;
  trials: MeasuredTrials;
  /** Whether a command is there. */
  contributed: (command: string) => boolean;
}

export class SourceLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly parts: LensParts) {
    const renew = () => {
      this.changed.fire();
    };
    this.subscriptions = [
      parts.lint.onDidLint(renew),
      parts.measured.onDidChange(renew),
      parts.trials.onDidChange(renew),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('gradientDoctor.codeLens')) renew();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(renew),
    ];
  }

  async provideCodeLenses(text: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const document = sourceDocumentOf(text);
    const given = document && analysedDocument(document);
    if (!document || !given || !isOn(document)) return [];
    const part = partsOf(document).indexOf(text);
    const [outline, findings] = await Promise.all([
      this.parts.analysis.ask('outline', { document: given }),
      this.parts.lint.current(document),
    ]);
    const here = <P extends PartRange>(places: readonly P[]): P[] => places.filter((place) => place.part === part);
    const lensAt = (place: PartRange, title: string, command: string, ...given: unknown[]) =>
      new vscode.CodeLens(rangeOf(place), { title, command, arguments: given });
    const lenses: vscode.CodeLens[] = [];
    for (const loop of here(outline.loops)) {
      const inLoop = here(findings).filter(
        ({ rule, range }) => isInLoop(rule) && range.start.line >= loop.range.start.line,
      );
      if (inLoop.length > 0) {
        const title =
          inLoop.length === 1
            ? withIcon('warning', vscode.l10n.t('1 finding in the training'))
            : withIcon('warning', vscode.l10n.t('{0} findings in the training', inLoop.length));
        lenses.push(lensAt(loop, title, 'workbench.actions.view.problems'));
      }
    }
    const [firstLoop] = here(outline.loops);
    if (firstLoop) lenses.push(...this.lensesOfScript(text, firstLoop, lensAt));
    if (this.canRun(text, captureCommands.diagnoseModule))
      for (const module of here(outline.modules))
        lenses.push(
          lensAt(
            module,
            withIcon('pulse', vscode.l10n.t('Diagnose Module')),
            captureCommands.diagnoseModule,
            text.uri,
            {
              name: module.name,
              parameters: module.parameters,
              arguments: module.arguments,
            },
          ),
        );
    return lenses;
  }

  dispose(): void {
    this.changed.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private lensesOfScript(
    text: vscode.TextDocument,
    loop: Outline['loops'][number],
    lensAt: (place: PartRange, title: string, command: string, ...given: unknown[]) => vscode.CodeLens,
  ): vscode.CodeLens[] {
    const { run } = this.parts.measured;
    const isMeasuredHere = this.parts.measured.all.some(({ uri }) => uri.toString() === text.uri.toString());
    const worst = run?.findings.find(({ severity }) => severity !== 'information');
    return [
      ...(run && isMeasuredHere
        ? [
            lensAt(
              loop,
              worst
                ? withIcon('graph-line', vscode.l10n.t('Last run: {0}', headlineOf(worst.message)))
                : withIcon('graph-line', vscode.l10n.t('Last run: healthy')),
              commands.showPanel,
            ),
          ]
        : []),
      ...this.parts.trials
        .offered(text.uri)
        .slice(0, 1)
        .map(
          ({ title, command }) => new vscode.CodeLens(rangeOf(loop), { ...command, title: withIcon('wand', title) }),
        ),
      ...(this.canRun(text, captureCommands.diagnoseScript)
        ? [
            lensAt(
              loop,
              withIcon('pulse', vscode.l10n.t('Diagnose Training Script')),
              captureCommands.diagnoseScript,
              text.uri,
            ),
          ]
        : []),
    ];
  }

  /** Python files on disk, where their code may run. */
  private canRun(text: vscode.TextDocument, command: string): boolean {
    return (
      vscode.workspace.isTrusted &&
      text.languageId === 'python' &&
      text.uri.scheme === 'file' &&
      this.parts.contributed(command)
    );
  }
}

/** What is wrong, without where and how much: lenses that follow must stay in sight. */
const headlineOf = (message: string): string => /^.*?(?=: |\. |\.$|$)/.exec(message)![0];

/** Rules about training, not about the network: GD1xx. */
const isInLoop = (rule: string): boolean => rule.startsWith('GD1');

function isOn(document: SourceDocument): boolean {
  const configuration = vscode.workspace.getConfiguration('gradientDoctor', document.uri);
  return readSettings((name) => (name === 'codeLens' ? configuration.get(name) : undefined)).settings.codeLens;
}

export const registerSourceLenses = (lenses: SourceLenses): vscode.Disposable =>
  vscode.Disposable.from(lenses, vscode.languages.registerCodeLensProvider(sourceSelector, lenses));
