/** Does what the outputs of notebooks ask for. */
import * as vscode from 'vscode';
import { isAbsolute, resolve } from 'node:path';
import { commands } from '../editor/contributions';
import { readSettings } from '../editor/settings';
import { showHandbook } from '../panel/handbook';
import { openSource } from '../panel/layer-source';
import { saveFile } from '../panel/run-files';
import type { RunLibrary } from '../panel/run-library';
import { refusedPrescriptions, type MeasuredModel, type SourceEdits } from '../panel/source-edits';
import type { RunOutput } from '../protocol/notebook-output';
import { statedExperiment } from '../remedies/stated';
import type { HostToRenderer, OutputOrigin, RendererToHost } from '../protocol/renderer-messages';
import type { LayerInfo, SourceLocation } from '../protocol/run';
import { searchOf } from '../protocol/stored-search';
import { readCell } from './cell';
import { optimizerOf } from './cell-experiment';
import { cellText } from './cell-text';
import { codeCells, folderOf, labCellsOf, resultOf } from './documents';
import { namesOf, runName } from './engine/references';
import { cellLanguage, rendererId } from './identity';
import { treatedCell, treatedName } from './templates';

export interface RendererParts {
  extension: vscode.Uri;
  library: RunLibrary;
  edits: SourceEdits;
}

export function registerRendererHost({ extension, library, edits }: RendererParts): vscode.Disposable {
  const messaging = vscode.notebooks.createRendererMessaging(rendererId);
  return messaging.onDidReceiveMessage(
    ({ editor, message }: { editor: vscode.NotebookEditor; message: RendererToHost }) => {
      switch (message.type) {
        case 'ready': {
          const hello: HostToRenderer = {
            type: 'hello',
            language: vscode.env.language,
            texts: vscode.l10n.bundle ?? {},
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
        case 'insertPrescribe':
          void insertBehind(editor.notebook, message.run, () =>
            cellText({ prescribe: { run: message.run, budget: budget() } }),
          );
          break;
        case 'refusals':
          void refusals(editor.notebook, message.timeStarted, edits).then((answer) =>
            messaging.postMessage(answer satisfies HostToRenderer, editor),
          );
          break;
        case 'apply':
          void apply(editor.notebook, message, edits);
          break;
        case 'explain':
          void showHandbook(extension, `symptoms/${message.symptom}`);
          break;
        case 'explainRemedy':
          void showHandbook(extension, `remedies/${message.remedy}`);
          break;
        case 'source': {
          const absolute = pathsFrom(folderOf(editor.notebook));
          void openSource(absolute.place(message.source), absolute.path(message.model));
          break;
        }
        case 'save':
          void saveFile(
            message.name,
            message.text ?? Buffer.from(message.base64 ?? '', 'base64'),
            folderOf(editor.notebook),
          );
      }
    },
  );
}

/** Seconds that the user gives a search. */
const budget = (): number => {
  const configuration = vscode.workspace.getConfiguration('gradientDoctor');
  return readSettings((name) => configuration.get(name)).settings.prescribeBudget;
};

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

/** Outputs hold paths from the notebook on. */
const pathsFrom = (folder: string) => {
  const path = (given: string): string => (isAbsolute(given) ? given : resolve(folder, given));
  const place = ({ file, line }: SourceLocation): SourceLocation => ({ file: path(file), line });
  return { path, place };
};

/** Where the model of an output comes from, on this machine. */
function modelOf({ name, layers, settings, model }: RunOutput, folder: string): MeasuredModel {
  const { path, place } = pathsFrom(folder);
  const { capture } = settings;
  return {
    name,
    header: {
      layout: {
        layers: layers.map(({ source, created, ...layer }): LayerInfo => ({
          ...layer,
          ...(source && { source: place(source) }),
          ...(created && { created: place(created) }),
        })),
      },
      settings: {
        model: path(model),
        capture: capture && { ...capture, script: path(capture.script), cwd: path(capture.cwd) },
      },
    },
  };
}

async function refusals(
  notebook: vscode.NotebookDocument,
  timeStarted: string,
  edits: SourceEdits,
): Promise<Extract<HostToRenderer, { type: 'refusals' }>> {
  const output = prescribed(notebook).find((each) => each.output.timeStarted === timeStarted)?.output;
  const model = output?.baseline && modelOf(output.baseline, folderOf(notebook));
  const reasons = model ? await refusedPrescriptions(edits, model, searchOf(output)) : new Map<number, string>();
  return { type: 'refusals', timeStarted, reasons: [...reasons] };
}

async function apply(
  notebook: vscode.NotebookDocument,
  { timeStarted, ...trial }: Extract<RendererToHost, { type: 'apply' }>,
  edits: SourceEdits,
): Promise<void> {
  const [found] = prescribed(notebook).filter(({ output }) => output.timeStarted === timeStarted);
  if (!found?.output.baseline) return;
  const { cell, output } = found;
  const model = modelOf(output.baseline!, folderOf(notebook));
  const { index } = experimentIn(notebook, output.run)?.cell ?? cell;
  const range = { start: index, end: index + 1 };
  const measureAgain = () =>
    vscode.commands.executeCommand('notebook.cell.execute', { ranges: [range], document: notebook.uri });
  // A model that was exported by hand has to be exported anew before it is another one.
  await edits.apply(model, trial, model.header.settings.capture && measureAgain);
}

const prescribed = (notebook: vscode.NotebookDocument) =>
  codeCells(notebook).flatMap((cell) => {
    const output = resultOf(cell);
    return output?.kind === 'prescribe' ? [{ cell, output }] : [];
  });

function experimentIn(notebook: vscode.NotebookDocument, name: string) {
  for (const cell of codeCells(notebook)) {
    const { cell: read } = readCell(cell.document.getText());
    if (read?.kind === 'experiment' && runName(read.value) === name) return { cell, value: read.value };
  }
  return undefined;
}

/** The experiment with what was tried on it, behind the one without. */
async function insertTreated(
  { notebook }: vscode.NotebookEditor,
  { run, ...treatment }: Extract<RendererToHost, { type: 'insertCell' }>,
): Promise<void> {
  await insertBehind(notebook, run, (value) => {
    const measured = prescribed(notebook).find(({ output }) => output.run === run)?.output.baseline;
    // A script that was captured says what its cell does not.
    const optimizer =
      value.capture && !value.optimizer && measured
        ? statedExperiment(measured.settings).optimizer
        : optimizerOf(value.optimizer);
    const name = unused(treatedName(run, treatment), namesOf(labCellsOf(notebook)));
    return cellText({ ...treatedCell({ ...value, name: run }, optimizer, treatment, name) });
  });
}

/** @param write the text of the cell, given the experiment that it stands behind */
async function insertBehind(
  notebook: vscode.NotebookDocument,
  run: string,
  write: (experiment: NonNullable<ReturnType<typeof experimentIn>>['value']) => string,
): Promise<void> {
  const found = experimentIn(notebook, run);
  if (!found) {
    void vscode.window.showInformationMessage(
      vscode.l10n.t('No experiment of this notebook is called "{0}" any more.', run),
    );
    return;
  }
  const at = found.cell.index + 1;
  const edit = new vscode.WorkspaceEdit();
  edit.set(notebook.uri, [
    vscode.NotebookEdit.insertCells(at, [
      new vscode.NotebookCellData(vscode.NotebookCellKind.Code, write(found.value), cellLanguage),
    ]),
  ]);
  await vscode.workspace.applyEdit(edit);
  const editor = await vscode.window.showNotebookDocument(notebook, { preserveFocus: false });
  editor.selection = new vscode.NotebookRange(at, at + 1);
  editor.revealRange(editor.selection, vscode.NotebookEditorRevealType.InCenterIfOutsideViewport);
}

/** Cells refer to runs by names: no two may have the same. */
function unused(name: string, names: readonly string[]): string {
  let candidate = name;
  for (let number = 2; names.includes(candidate); number++) candidate = `${name} (${number})`;
  return candidate;
}
