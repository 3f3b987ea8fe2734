/** Findings of the lint rules as diagnostics, renewed while the user types. */
import * as vscode from 'vscode';
import type { Severity } from '../protocol/finding';
import type { AnalysisClient } from './analysis-client';
import type { RuleSettings, SourceFinding } from './analysis-messages';
import { ruleLink } from './rule-page';
import { readSettings } from './settings';
import {
  analysedDocument,
  isNotebook,
  openSourceDocuments,
  partsOf,
  rangeOf,
  sourceDocumentOf,
  versionOf,
  type SourceDocument,
} from './source-documents';

/** Several changes of one keystroke (as a formatter on type makes them) are one. */
const settleMilliseconds = 2;

export const diagnosticSource = 'Gradient Doctor';

const severities: Readonly<Record<Severity, vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

export const severityOf = (severity: Severity): vscode.DiagnosticSeverity => severities[severity];

/** What is known of one document. */
interface Watched {
  readonly document: SourceDocument;
  timer?: NodeJS.Timeout;
  /** Of the question that is being answered. */
  answering?: Promise<void>;
  /** The text that the findings are of. */
  version?: string;
  findings: readonly SourceFinding[];
  dependencies: ReadonlySet<string>;
  /** Where its diagnostics are. */
  shown: readonly vscode.Uri[];
}

export class LintDiagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('gradientDoctor.lint');
  private readonly watched = new Map<string, Watched>();
  private readonly answered = new vscode.EventEmitter<SourceDocument>();
  /** New findings of a document, perhaps the same as before. */
  readonly onDidLint = this.answered.event;
  private readonly subscriptions: readonly { dispose(): unknown }[];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly analysis: AnalysisClient,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const touch = (document: SourceDocument | undefined) => {
      if (document) this.schedule(document);
    };
    const files = vscode.workspace.createFileSystemWatcher('**/*.{py,ts,mts,cts,js,mjs,cjs,tsx,jsx}');
    const changed = ({ fsPath }: vscode.Uri) => {
      this.analysis.tell({ type: 'changed', path: fsPath });
      this.scheduleDependents(fsPath);
    };
    this.subscriptions = [
      this.collection,
      this.answered,
      files,
      files.onDidChange(changed),
      files.onDidCreate(changed),
      files.onDidDelete(changed),
      vscode.workspace.onDidOpenTextDocument((document) => {
        touch(sourceDocumentOf(document));
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        touch(sourceDocumentOf(document));
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.close(document);
      }),
      vscode.workspace.onDidOpenNotebookDocument(touch),
      vscode.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges }) => {
        if (contentChanges.length > 0) touch(notebook);
      }),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => {
        this.close(notebook);
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (!change.affectsConfiguration('gradientDoctor.rules') && !change.affectsConfiguration('gradientDoctor.lint'))
          return;
        for (const entry of this.watched.values()) {
          delete entry.version;
          this.schedule(entry.document);
        }
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        this.tellFolders();
      }),
    ];
    this.tellFolders();
    for (const document of openSourceDocuments()) this.schedule(document);
  }

  /** The findings of a document as its text is now. */
  async current(document: SourceDocument): Promise<readonly SourceFinding[]> {
    const entry = this.entryOf(document);
    for (let tries = 0; tries < 3 && entry.version !== versionOf(document); tries++) {
      clearTimeout(entry.timer);
      await this.lint(entry);
    }
    return entry.version === versionOf(document) ? entry.findings : [];
  }

  rulesFor(document: SourceDocument): RuleSettings | undefined {
    const configuration = vscode.workspace.getConfiguration('gradientDoctor', document.uri);
    const { settings, problems } = readSettings((name) =>
      name === 'rules' || name === 'lint' ? configuration.get(name) : undefined,
    );
    for (const problem of problems) this.log.warn(problem);
    return settings.lint ? settings.rules : undefined;
  }

  dispose(): void {
    for (const { timer } of this.watched.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private tellFolders(): void {
    const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
    this.analysis.tell({ type: 'folders', folders });
  }

  private entryOf(document: SourceDocument): Watched {
    const id = document.uri.toString();
    let entry = this.watched.get(id);
    if (entry?.document !== document) {
      entry = { document, findings: [], dependencies: new Set(), shown: entry?.shown ?? [] };
      this.watched.set(id, entry);
    }
    return entry;
  }

  private schedule(document: SourceDocument): void {
    const entry = this.entryOf(document);
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void this.lint(entry), settleMilliseconds);
  }

  private scheduleDependents(path: string): void {
    for (const entry of this.watched.values())
      if (entry.dependencies.has(path)) {
        delete entry.version;
        this.schedule(entry.document);
      }
  }

  /** One question at a time for each document: what was typed meanwhile is asked together afterwards. */
  private async lint(entry: Watched): Promise<void> {
    if (entry.answering) {
      await entry.answering;
      if (entry.version === versionOf(entry.document)) return;
    }
    entry.answering ??= this.ask(entry).finally(() => {
      delete entry.answering;
    });
    await entry.answering;
  }

  private async ask(entry: Watched): Promise<void> {
    const { document } = entry;
    const version = versionOf(document);
    const rules = this.rulesFor(document);
    const given = analysedDocument(document);
    const before = entry.version;
    let findings: readonly SourceFinding[] = [];
    if (given && rules) {
      try {
        const answer = await this.analysis.ask('lint', { document: given, rules });
        ({ findings } = answer);
        entry.dependencies = new Set(answer.dependencies);
      } catch (error) {
        this.log.error(`${document.uri.fsPath}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    // Closed, or changed while it was read: places are no longer right.
    if (this.watched.get(document.uri.toString()) !== entry) return;
    if (versionOf(document) !== version) {
      this.schedule(document);
      return;
    }
    entry.version = version;
    entry.findings = findings;
    this.show(entry);
    this.answered.fire(document);
    if (before !== version && document.uri.scheme === 'file') this.scheduleDependents(document.uri.fsPath);
  }

  private show(entry: Watched): void {
    const parts = partsOf(entry.document);
    const uris = parts.map(({ uri }) => uri);
    for (const uri of entry.shown)
      if (!uris.some((each) => each.toString() === uri.toString())) this.collection.delete(uri);
    entry.shown = uris;
    for (const [index, uri] of uris.entries())
      this.collection.set(
        uri,
        entry.findings.filter(({ part }) => part === index).map((finding) => diagnosticOf(finding, this.extension)),
      );
  }

  private close(document: SourceDocument): void {
    const id = document.uri.toString();
    const entry = this.watched.get(id);
    if (!entry || (entry.document !== document && isNotebook(document) !== isNotebook(entry.document))) return;
    clearTimeout(entry.timer);
    this.watched.delete(id);
    for (const uri of entry.shown) this.collection.delete(uri);
    this.analysis.tell({ type: 'close', id, path: document.uri.fsPath });
    if (document.uri.scheme === 'file') this.scheduleDependents(document.uri.fsPath);
  }
}

function diagnosticOf(finding: SourceFinding, extension: vscode.Uri): vscode.Diagnostic {
  const diagnostic = new vscode.Diagnostic(rangeOf(finding), finding.message, severityOf(finding.severity));
  diagnostic.source = diagnosticSource;
  diagnostic.code = { value: finding.rule, target: ruleLink(extension, finding.rule) };
  return diagnostic;
}
