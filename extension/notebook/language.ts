/** The language of experiment cells in the editor: what `cell.ts` and `completion.ts` know, where the editor asks. */
import * as vscode from 'vscode';
import { existsSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path';
import { readCell } from './cell';
import { commonEnd, filesIn, formatted, givenName, runsIn, type Named } from './cell-paths';
import { nearest } from './cell-issues';
import { descriptionAt, expectsRun, fileKindAt, suggestionsAt, type Suggestion } from './completion';
import { codeCells, folderOf, isExperimentNotebook, labCellsOf, notebookOf } from './documents';
import { fromFolder } from './engine/provenance';
import { namesOf } from './engine/references';
import { cellLanguage } from './identity';

const selector: vscode.DocumentSelector = { language: cellLanguage };

const kinds: Readonly<Record<Suggestion['kind'], vscode.CompletionItemKind>> = {
  field: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.EnumMember,
  remedy: vscode.CompletionItemKind.Function,
  file: vscode.CompletionItemKind.File,
};

export function registerLanguage(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerCompletionItemProvider(selector, { provideCompletionItems: complete }, ' ', '/', '[', '{'),
    vscode.languages.registerHoverProvider(selector, { provideHover: hover }),
    vscode.languages.registerDocumentFormattingEditProvider(selector, { provideDocumentFormattingEdits: format }),
    vscode.languages.registerDocumentLinkProvider(selector, { provideDocumentLinks: links }),
    vscode.languages.registerCodeActionsProvider(
      selector,
      { provideCodeActions: correct },
      { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] },
    ),
    new Problems(),
  );
}

async function complete(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.CompletionItem[]> {
  const text = document.getText();
  const offset = document.offsetAt(position);
  const extensions = fileKindAt(text, offset);
  if (extensions) return files(document, position, extensions);
  // Keys and ids hold what the editor takes for the ends of words.
  const range = document.getWordRangeAtPosition(position, /[\w.-]+/);
  if (expectsRun(text, offset))
    return runNames(document).map((name) =>
      completionItem(name, vscode.CompletionItemKind.Reference, quoted(name), range),
    );
  return suggestionsAt(text, offset).map(({ label, detail, kind, insert }) => {
    const item = completionItem(label, kinds[kind], insert, range);
    item.detail = detail;
    // What follows a field is completed next.
    if (kind === 'field') item.command = { command: 'editor.action.triggerSuggest', title: '' };
    return item;
  });
}

function completionItem(label: string, kind: vscode.CompletionItemKind, insert: string, range?: vscode.Range) {
  const item = new vscode.CompletionItem(label, kind);
  item.insertText = insert;
  if (range) item.range = range;
  return item;
}

const quoted = (name: string): string => (/^[\w.-][\w./ -]*$/.test(name) ? name : JSON.stringify(name));

function runNames(document: vscode.TextDocument): string[] {
  const notebook = notebookOf(document);
  return notebook ? [...new Set(namesOf(labCellsOf(notebook)))] : [];
}

async function files(
  document: vscode.TextDocument,
  position: vscode.Position,
  extensions: readonly string[],
): Promise<vscode.CompletionItem[]> {
  const line = document.lineAt(position).text.slice(0, position.character);
  const typed = /[\w./\\ -]*$/.exec(line)![0].trimStart();
  const folder = resolve(folderOfDocument(document), typed.endsWith('/') ? typed : dirname(`${typed}_`));
  const start = position.translate(0, -(typed.length - (typed.lastIndexOf('/') + 1)));
  const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.file(folder)).then(
    (found) => found,
    () => [],
  );
  return entries.flatMap(([name, type]) => {
    const isFolder = (type & vscode.FileType.Directory) !== 0;
    if (name.startsWith('.') || (!isFolder && !extensions.includes(extname(name).toLowerCase()))) return [];
    const kind = isFolder ? vscode.CompletionItemKind.Folder : vscode.CompletionItemKind.File;
    const item = completionItem(name, kind, isFolder ? `${name}/` : name, new vscode.Range(start, position));
    if (isFolder) item.command = { command: 'editor.action.triggerSuggest', title: '' };
    // Files before the folders that may hold more.
    item.sortText = `${isFolder ? 1 : 0}${name}`;
    return [item];
  });
}

const folderOfDocument = (document: vscode.TextDocument): string => {
  const notebook = notebookOf(document);
  return notebook ? folderOf(notebook) : dirname(document.uri.fsPath);
};

function hover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
  const range = document.getWordRangeAtPosition(position, /[\w-]+/);
  const description = range && descriptionAt(document.getText(), document.offsetAt(range.start));
  return description ? new vscode.Hover(new vscode.MarkdownString(description), range) : undefined;
}

function format(document: vscode.TextDocument): vscode.TextEdit[] {
  const text = document.getText();
  const better = formatted(text);
  return better === undefined || better === text
    ? []
    : [vscode.TextEdit.replace(new vscode.Range(document.positionAt(0), document.positionAt(text.length)), better)];
}

const absolute = (document: vscode.TextDocument, path: string): string =>
  isAbsolute(path) ? path : resolve(folderOfDocument(document), path);

const links = (document: vscode.TextDocument): vscode.DocumentLink[] =>
  filesIn(document.getText()).map(
    ({ name, start, end }) =>
      new vscode.DocumentLink(
        new vscode.Range(document.positionAt(start), document.positionAt(end)),
        vscode.Uri.file(absolute(document, name)),
      ),
  );

/** Files that cells name: a warning goes when one appears. */
const namedFiles = '**/*.{onnx,npz,npy,safetensors,py}';
const patienceMilliseconds = 200;

/** Underlines what is wrong in the cells of open notebooks. */
class Problems implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('gradient-doctor-notebook');
  private readonly subscriptions: readonly { dispose(): unknown }[];
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    const watcher = vscode.workspace.createFileSystemWatcher(namedFiles, false, true, false);
    const checkAll = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        for (const notebook of vscode.workspace.notebookDocuments) this.check(notebook);
      }, patienceMilliseconds);
    };
    this.subscriptions = [
      this.collection,
      watcher,
      watcher.onDidCreate(checkAll),
      watcher.onDidDelete(checkAll),
      vscode.workspace.onDidChangeNotebookDocument(({ notebook, contentChanges, cellChanges }) => {
        // While a cell runs its output changes all the time.
        if (contentChanges.length > 0 || cellChanges.some(({ document }) => document)) this.check(notebook);
      }),
      vscode.workspace.onDidOpenNotebookDocument((notebook) => {
        this.check(notebook);
      }),
      vscode.workspace.onDidCloseNotebookDocument((notebook) => {
        for (const { document } of notebook.getCells()) this.collection.delete(document.uri);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.collection.delete(uri);
      }),
    ];
    for (const notebook of vscode.workspace.notebookDocuments) this.check(notebook);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private check(notebook: vscode.NotebookDocument): void {
    if (!isExperimentNotebook(notebook)) return;
    const names = namesOf(labCellsOf(notebook));
    for (const { document } of codeCells(notebook)) this.collection.set(document.uri, problemsIn(document, names));
  }
}

/** A diagnostic that knows what was probably meant, or which file is not where it should be. */
class Misspelling extends vscode.Diagnostic {
  meant: string | undefined;
  file: string | undefined;
}

/** @param names of the experiments of the notebook */
function problemsIn(document: vscode.TextDocument, names: readonly string[]): vscode.Diagnostic[] {
  const text = document.getText();
  if (text.trim() === '') return [];
  const t = (english: string, ...values: (string | number)[]) => vscode.l10n.t(english, ...values);
  const warning = ({ start, end }: Named, message: string, meant?: string): Misspelling =>
    diagnostic(
      new vscode.Range(document.positionAt(start), document.positionAt(end)),
      message,
      vscode.DiagnosticSeverity.Warning,
      meant,
    );
  const name = givenName(text);
  return [
    ...readCell(text, t).problems.map(({ message, range: { start, end }, meant }) =>
      diagnostic(
        new vscode.Range(start.line, start.character, end.line, end.character),
        message,
        vscode.DiagnosticSeverity.Error,
        meant,
      ),
    ),
    ...filesIn(text)
      .filter((file) => !existsSync(absolute(document, file.name)))
      .map((file) => {
        const missing = warning(file, vscode.l10n.t('There is no file {0}.', absolute(document, file.name)));
        missing.file = file.name;
        return missing;
      }),
    ...runsIn(text)
      .filter((run) => !names.includes(run.name))
      .map((run) => {
        const meant = nearest(run.name, names);
        const message = vscode.l10n.t('No experiment of this notebook is called "{0}".', run.name);
        return warning(run, meant ? `${message} ${vscode.l10n.t('Did you mean "{0}"?', meant)}` : message, meant);
      }),
    ...(name && names.filter((other) => other === name.name).length > 1
      ? [warning(name, vscode.l10n.t('Several experiments of this notebook are called "{0}".', name.name))]
      : []),
  ];
}

function diagnostic(range: vscode.Range, message: string, severity: vscode.DiagnosticSeverity, meant?: string) {
  const made = new Misspelling(range, message, severity);
  made.source = 'Gradient Doctor';
  made.meant = meant;
  return made;
}

/** Writes what was meant. */
async function correct(
  document: vscode.TextDocument,
  _: vscode.Range,
  { diagnostics }: vscode.CodeActionContext,
): Promise<vscode.CodeAction[]> {
  const actions: vscode.CodeAction[] = [];
  for (const problem of diagnostics) {
    if (!(problem instanceof Misspelling)) continue;
    const meant = problem.meant === undefined ? [] : [problem.meant];
    const elsewhere = problem.file === undefined ? [] : await findElsewhere(document, problem.file);
    for (const text of [...meant, ...elsewhere]) actions.push(changeTo(document, problem, text));
  }
  return actions;
}

function changeTo(document: vscode.TextDocument, problem: vscode.Diagnostic, text: string): vscode.CodeAction {
  const action = new vscode.CodeAction(vscode.l10n.t('Change to {0}', text), vscode.CodeActionKind.QuickFix);
  action.edit = new vscode.WorkspaceEdit();
  action.edit.replace(document.uri, problem.range, quoted(text));
  action.diagnostics = [problem];
  action.isPreferred = true;
  return action;
}

/** So many files of a name are offered. */
const mostElsewhere = 3;

/** Files of the same name in the workspace, those first whose folders are called the same: the notebook was moved. */
async function findElsewhere(document: vscode.TextDocument, file: string): Promise<string[]> {
  const found = await vscode.workspace.findFiles(
    `**/${basename(file)}`,
    '**/{node_modules,.git,site-packages}/**',
    10 * mostElsewhere,
  );
  return found
    .map(({ fsPath }) => fsPath)
    .sort((a, b) => commonEnd(b, file) - commonEnd(a, file) || a.localeCompare(b))
    .slice(0, mostElsewhere)
    .map((path) => fromFolder(path, folderOfDocument(document)));
}
