import * as vscode from 'vscode';
import { findData, pickModel } from '../panel/model-picker';
import type { RunLibrary } from '../panel/run-library';
import { fromFolder } from './engine/provenance';
import type { Notebook } from './gradnb';
import { notebookType } from './identity';
import { notebookData } from './serializer';
import { fromExperiment, fromTemplate, templateIds, type Subject, type TemplateId } from './templates';

interface TemplateItem extends vscode.QuickPickItem {
  make: () => Promise<Notebook | undefined>;
}

const texts = (): Readonly<Record<TemplateId, { label: string; detail: string }>> => ({
  empty: { label: vscode.l10n.t('Empty'), detail: vscode.l10n.t('One experiment to begin with') },
  initialization: {
    label: vscode.l10n.t('Compare initializations'),
    detail: vscode.l10n.t('As exported, Xavier, Kaiming, orthogonal, LSUV'),
  },
  clipping: { label: vscode.l10n.t('Clip or not'), detail: vscode.l10n.t('Free, by norm, by value') },
  residual: { label: vscode.l10n.t('Residual or not'), detail: vscode.l10n.t('Plain, residual, highway') },
  recurrent: {
    label: vscode.l10n.t('RNN against LSTM against GRU'),
    detail: vscode.l10n.t('For a model with a recurrent layer'),
  },
  'learning-rate': {
    label: vscode.l10n.t('Sweep the learning rate'),
    detail: vscode.l10n.t('Seven rates, three decades'),
  },
});

/** Asks for a template and its model, and opens the notebook, unsaved. @param given a model, where called on one */
export async function newNotebook(library: RunLibrary, given: unknown): Promise<void> {
  await library.load();
  const { selected } = library;
  const described = texts();
  const templates = templateIds.map((id): TemplateItem => ({
    ...described[id],
    make: async () => {
      const subject = await subjectOf(given);
      return subject && fromTemplate(id, subject);
    },
  }));
  if (selected && !(given instanceof vscode.Uri))
    templates.splice(1, 0, {
      label: vscode.l10n.t('From the run {0}', selected.name),
      detail: vscode.l10n.t('Its experiment with all settings, and what could be done'),
      make: () => Promise.resolve(fromExperiment(selected.header.settings, selected.name, fromWorkspace)),
    });
  const picked = await vscode.window.showQuickPick(templates, {
    title: vscode.l10n.t('New Experiment Notebook'),
    placeHolder: vscode.l10n.t('What do you want to find out?'),
    matchOnDetail: true,
  });
  const notebook = await picked?.make();
  if (notebook) await openNotebook(notebook);
}

export async function openNotebook(notebook: Notebook): Promise<void> {
  await vscode.window.showNotebookDocument(
    await vscode.workspace.openNotebookDocument(notebookType, notebookData(notebook)),
  );
}

async function subjectOf(given: unknown): Promise<Subject | undefined> {
  const model = await pickModel(given);
  if (!model) return undefined;
  const data = await findData(model, '');
  return {
    model: fromWorkspace(model.fsPath),
    data: data === undefined ? undefined : { npz: fromWorkspace(data) },
  };
}

/** A notebook that is not saved yet lies in the folder of the workspace. */
export function fromWorkspace(path: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  return folder ? fromFolder(path, folder.uri.fsPath) : path;
}
