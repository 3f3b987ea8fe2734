/** Does what the outputs of notebooks ask for. */
import * as vscode from 'vscode';
import { commands } from '../editor/contributions';
import { showHandbook } from '../panel/handbook';
import { openSource } from '../panel/layer-source';
import { saveFile } from '../panel/run-files';
import type { RunLibrary } from '../panel/run-library';
import type { HostToRenderer, OutputOrigin, RendererToHost } from '../protocol/renderer-messages';
import { readCell } from './cell';
import { experimentOf } from './cell-experiment';
import { cellText } from './cell-text';
import { codeCells, folderOf } from './documents';
import { runName } from './engine/references';
import { cellLanguage, rendererId } from './identity';
import { treatedCell } from './templates';

/** Carries a prescription out in the source of a model, where that is known. */
export type ApplyToSource = (model: string, uses: Extract<RendererToHost, { type: 'apply' }>) => Promise<void>;

export function registerRendererHost(
  extension: vscode.Uri,
  library: RunLibrary,
  apply: ApplyToSource | undefined,
): vscode.Disposable {
  const messaging = vscode.notebooks.createRendererMessaging(rendererId);
  return messaging.onDidReceiveMessage(
    ({ editor, message }: { editor: vscode.NotebookEditor; message: RendererToHost }) => {
      switch (message.type) {
        case 'ready': {
          const hello: HostToRenderer = {
            type: 'hello',
            language: vscode.env.language,
            texts: vscode.l10n.bundle ?? {},
            canApply: apply !== undefined,
          };
          void messaging.postMessage(hello, editor);
          break;
        }
        case 'openInPanel':
          void openInPanel(library, message.origin);
          break;
        case 'insertCell':
          void insertTreated(editor, message);
          break;
        case 'apply': {
          const model = experimentIn(editor.notebook, message.run)?.experiment.model;
          if (model !== undefined) void apply?.(model, message);
          break;
        }
        case 'explain':
          void showHandbook(extension, message.symptom);
          break;
        case 'source':
          void openSource(message.source, message.model);
          break;
        case 'save':
          void saveFile(message.name, message.text ?? Buffer.from(message.base64 ?? '', 'base64'));
      }
    },
  );
}

async function openInPanel(library: RunLibrary, { timeStarted, modelHash }: OutputOrigin): Promise<void> {
  await library.load();
  const record = library.runs.find(
    ({ startedAt, header }) => startedAt === timeStarted && header.modelHash === modelHash,
  );
  if (record) await vscode.commands.executeCommand(commands.showRun, record);
  else
    void vscode.window.showInformationMessage(
      vscode.l10n.t('This run is not kept here any more. Run its cell again to see it in the gradient panel.'),
    );
}

function experimentIn(notebook: vscode.NotebookDocument, name: string) {
  for (const cell of codeCells(notebook)) {
    const { cell: read } = readCell(cell.document.getText());
    if (read?.kind === 'experiment' && runName(read.value) === name && read.value.model !== undefined)
      return { cell, value: read.value, experiment: experimentOf(read.value, folderOf(notebook), 'auto') };
  }
  return undefined;
}

/** A cell with the treated experiment, behind the untreated one. */
async function insertTreated(
  { notebook }: vscode.NotebookEditor,
  { run, remedies, learningRateFactor }: Extract<RendererToHost, { type: 'insertCell' }>,
): Promise<void> {
  const found = experimentIn(notebook, run);
  if (!found) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('No experiment of this notebook is called "{0}" any more.', run),
    );
    return;
  }
  const text = cellText({
    ...treatedCell({ ...found.value, name: run }, found.experiment, { remedies, learningRateFactor }),
  });
  const at = found.cell.index + 1;
  const edit = new vscode.WorkspaceEdit();
  edit.set(notebook.uri, [
    vscode.NotebookEdit.insertCells(at, [
      new vscode.NotebookCellData(vscode.NotebookCellKind.Code, text, cellLanguage),
    ]),
  ]);
  await vscode.workspace.applyEdit(edit);
  const editor = await vscode.window.showNotebookDocument(notebook, { preserveFocus: false });
  editor.selection = new vscode.NotebookRange(at, at + 1);
  editor.revealRange(editor.selection, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
}
