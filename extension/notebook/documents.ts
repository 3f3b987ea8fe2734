/** Notebooks that are open in the editor, as the rest of this folder sees them. */
import * as vscode from 'vscode';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { outputMime, readOutput, type CellOutput } from '../protocol/notebook-output';
import type { LabCell } from './engine/laboratory';
import { notebookType } from './identity';

export const isExperimentNotebook = ({ notebookType: type }: vscode.NotebookDocument): boolean => type === notebookType;

/** Where paths in cells start: the notebook's folder, of one that is not saved yet the workspace's. */
export const folderOf = ({ isUntitled, uri }: Pick<vscode.NotebookDocument, 'isUntitled' | 'uri'>): string =>
  isUntitled ? (vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir()) : dirname(uri.fsPath);

/** The notebook that a cell's document belongs to. */
export const notebookOf = (document: vscode.TextDocument): vscode.NotebookDocument | undefined =>
  vscode.workspace.notebookDocuments.find((notebook) => notebook.getCells().some((cell) => cell.document === document));

const isCode = ({ kind }: vscode.NotebookCell): boolean => kind === vscode.NotebookCellKind.Code;

export const codeCells = (notebook: vscode.NotebookDocument): vscode.NotebookCell[] =>
  notebook.getCells().filter(isCode);

/** Outputs are large: they are read when somebody asks, and once. */
const read = new WeakMap<vscode.NotebookCellOutputItem, CellOutput | undefined>();

export function resultOf({ outputs }: Pick<vscode.NotebookCell, 'outputs'>): CellOutput | undefined {
  for (const item of outputs.flatMap(({ items }) => items)) {
    if (item.mime !== outputMime) continue;
    if (!read.has(item)) read.set(item, parse(item.data));
    const output = read.get(item);
    if (output) return output;
  }
  return undefined;
}

function parse(data: Uint8Array): CellOutput | undefined {
  try {
    return readOutput(JSON.parse(new TextDecoder().decode(data)));
  } catch {
    return undefined;
  }
}

export const labCellsOf = (notebook: vscode.NotebookDocument): LabCell[] =>
  codeCells(notebook).map((cell) => ({
    text: cell.document.getText(),
    get output() {
      return resultOf(cell);
    },
  }));
