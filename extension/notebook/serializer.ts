import * as vscode from 'vscode';
import { basename } from 'node:path';
import { InputError } from '../protocol/errors';
import { outputMime, readOutput } from '../protocol/notebook-output';
import { fromEditor, toEditor, type EditorCell, type EditorOutput } from './editor-cells';
import { parseNotebook, serializeNotebook, type Notebook } from './gradnb';
import { cellLanguage } from './identity';

/**
 * @throws InputError for a damaged file. VS Code then offers the text editor in place of the notebook, and saves nothing;
 * where the file stops being a notebook it says only where it was opened from the Explorer.
 */
export function deserialize(content: Uint8Array): vscode.NotebookData {
  const text = new TextDecoder().decode(content);
  try {
    return notebookData(parseNotebook(text, nameInFront() ?? vscode.l10n.t('This notebook')));
  } catch (error) {
    if (error instanceof InputError) void vscode.window.showErrorMessage(error.message);
    throw error;
  }
}

/** A serializer is given bytes alone; a notebook is opened in a tab in front. */
function nameInFront(): string | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputNotebook ? basename(input.uri.path) : undefined;
}

export function notebookData(notebook: Notebook): vscode.NotebookData {
  const { cells, metadata } = toEditor(notebook);
  const data = new vscode.NotebookData(cells.map(cellData));
  data.metadata = { ...metadata };
  return data;
}

function cellData({ kind, text, outputs, metadata }: EditorCell): vscode.NotebookCellData {
  const data =
    kind === 'markdown'
      ? new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, text, 'markdown')
      : new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, cellLanguage);
  data.outputs = outputs.map(cellOutput);
  data.metadata = { ...metadata };
  return data;
}

export const cellOutput = ({ items, metadata }: EditorOutput): vscode.NotebookCellOutput =>
  new vscode.NotebookCellOutput(
    items.map(({ mime, data }) => new vscode.NotebookCellOutputItem(ended(mime, data), mime)),
    { ...metadata },
  );

/** A run without an end was cut off when the window was closed: nobody goes on with it. */
function ended(mime: string, data: Uint8Array): Uint8Array {
  if (mime !== outputMime) return data;
  const json = JSON.parse(new TextDecoder().decode(data)) as unknown;
  const output = readOutput(json);
  if (output?.kind !== 'run' || output.end) return data;
  const reason = vscode.l10n.t('The window was closed or reloaded during the run.');
  return new TextEncoder().encode(JSON.stringify({ ...output, end: { kind: 'stopped', reason } }));
}

/** An open notebook as the file would hold it. */
export const toNotebook = (document: vscode.NotebookDocument): Notebook =>
  notebookOf(
    document.getCells().map((cell) => ({
      kind: cell.kind,
      value: cell.document.getText(),
      outputs: cell.outputs,
      metadata: cell.metadata,
    })),
    document.metadata,
  );

export const serialize = ({ cells, metadata }: vscode.NotebookData): Uint8Array =>
  new TextEncoder().encode(serializeNotebook(notebookOf(cells, metadata)));

interface CellParts {
  kind: vscode.NotebookCellKind;
  value: string;
  outputs?: readonly vscode.NotebookCellOutput[];
  metadata?: Readonly<Record<string, unknown>>;
}

function notebookOf(cells: readonly CellParts[], metadata: vscode.NotebookData['metadata']): Notebook {
  return fromEditor({
    metadata,
    cells: cells.map(({ kind, value, outputs = [], metadata: ofCell }) => ({
      kind: kind === vscode.NotebookCellKind.Markup ? ('markdown' as const) : ('experiment' as const),
      text: value,
      outputs: outputs.map(({ items, metadata: ofOutput }) => ({ items, metadata: ofOutput })),
      metadata: ofCell,
    })),
  });
}
