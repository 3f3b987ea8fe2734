/** Which documents of the editor are source files, and how they are told to the analysis. */
import * as vscode from 'vscode';
import { concernsFramework } from '../source/framework';
import type { Language } from '../source/text';
import type { AnalysedDocument, PartEdit, PartRange } from './analysis-messages';

/** A file, or a whole notebook: its cells are one program. */
export type SourceDocument = vscode.TextDocument | vscode.NotebookDocument;

const languages: Readonly<Record<string, { language: Language; extensions: readonly string[] }>> = {
  python: { language: 'python', extensions: ['.py', '.pyi', '.ipynb'] },
  typescript: { language: 'javascript', extensions: ['.ts', '.mts', '.cts'] },
  typescriptreact: { language: 'javascript', extensions: ['.tsx'] },
  javascript: { language: 'javascript', extensions: ['.js', '.mjs', '.cjs', '.jsx'] },
  javascriptreact: { language: 'javascript', extensions: ['.jsx', '.js'] },
};
const cellScheme = 'vscode-notebook-cell';
const schemes = ['file', 'untitled', cellScheme];

/** Longer texts are generated or data, not written. */
const longestText = 1_000_000;

export const sourceSelector: vscode.DocumentSelector = Object.keys(languages).flatMap((language) =>
  schemes.map((scheme) => ({ language, scheme })),
);

export const isNotebook = (document: SourceDocument): document is vscode.NotebookDocument => 'notebookType' in document;

const pythonCells = (notebook: vscode.NotebookDocument): vscode.TextDocument[] =>
  notebook
    .getCells()
    .filter(({ kind, document }) => kind === vscode.NotebookCellKind.Code && document.languageId === 'python')
    .map(({ document }) => document);

/** The documents that hold the parts of a source document. */
export const partsOf = (document: SourceDocument): readonly vscode.TextDocument[] =>
  isNotebook(document) ? pythonCells(document) : [document];

/** What a text document belongs to; `undefined` where it is no source file. */
export function sourceDocumentOf(document: vscode.TextDocument): SourceDocument | undefined {
  if (!vscode.languages.match(sourceSelector, document)) return undefined;
  if (document.uri.scheme !== cellScheme) return document;
  return vscode.workspace.notebookDocuments.find((notebook) => pythonCells(notebook).includes(document));
}

/** Every source document that is open. */
export const openSourceDocuments = (): SourceDocument[] => [
  ...vscode.workspace.textDocuments.filter(
    (document) => document.uri.scheme !== cellScheme && sourceDocumentOf(document) !== undefined,
  ),
  ...vscode.workspace.notebookDocuments.filter((notebook) => pythonCells(notebook).length > 0),
];

/** `undefined` where a document is too long, or has nothing to do with a framework. */
export function analysedDocument(document: SourceDocument): AnalysedDocument | undefined {
  const parts = partsOf(document).map((part) => part.getText());
  const { language, extensions } = languages[isNotebook(document) ? 'python' : document.languageId]!;
  const text = parts.join('\n');
  if (text.length > longestText || !concernsFramework({ text, language })) return undefined;
  const { fsPath } = document.uri;
  const path = extensions.some((extension) => fsPath.toLowerCase().endsWith(extension))
    ? fsPath
    : fsPath + extensions[0]!;
  return { id: document.uri.toString(), path, language, isNotebook: isNotebook(document), parts };
}

/** Changes whenever the text of a document does. */
export const versionOf = (document: SourceDocument): string =>
  partsOf(document)
    .map(({ uri, version }) => `${uri.fragment} ${version}`)
    .join();

export const rangeOf = ({ range: { start, end } }: Pick<PartRange, 'range'>): vscode.Range =>
  new vscode.Range(start.line, start.character, end.line, end.character);

/** Adds edits of a document's parts. With `review`, the editor shows them and asks before it makes them. */
export function addEdits(
  to: vscode.WorkspaceEdit,
  parts: readonly vscode.TextDocument[],
  edits: readonly PartEdit[],
  review?: vscode.WorkspaceEditEntryMetadata,
): void {
  for (const edit of edits) {
    const part = parts[edit.part];
    if (part) to.replace(part.uri, rangeOf(edit), edit.newText, review && ticked(review));
  }
  const [first] = parts;
  if (review && first) askFirst(to, first, review);
}

/** Edits that ask for confirmation are shown unticked, so that Apply would do nothing: ours do not ask. */
export const ticked = (review: vscode.WorkspaceEditEntryMetadata): vscode.WorkspaceEditEntryMetadata => ({
  ...review,
  needsConfirmation: false,
});

/** Has the edits shown before they are made, by one that asks, and does nothing. */
function askFirst(
  to: vscode.WorkspaceEdit,
  document: vscode.TextDocument,
  review: vscode.WorkspaceEditEntryMetadata,
): void {
  const asks = { ...review, needsConfirmation: true };
  const notebook = vscode.workspace.notebookDocuments.find((each) => pythonCells(each).includes(document));
  const { uri } = notebook ?? document;
  // The editor leaves out of what it shows that a file is created which is there.
  if (uri.scheme === 'file') to.createFile(uri, { ignoreIfExists: true }, asks);
  else to.insert(document.uri, new vscode.Position(0, 0), '', asks);
}
