import * as vscode from 'vscode';
import { findData, pickModel } from '../panel/model-picker';
import type { RunLibrary } from '../panel/run-library';
import type { RunRecord } from '../panel/run-store';
import type { SearchLibrary } from '../panel/search-library';
import { prescribedTrials, trialName } from '../protocol/trial-ranking';
import { statedExperiment } from '../remedies/stated';
import { fromFolder } from './engine/provenance';
import type { Notebook } from './gradnb';
import { notebookType } from './identity';
import { notebookData } from './serializer';
import {
  fromExperiment,
  fromPrescription,
  fromTemplate,
  templateIds,
  type Subject,
  type TemplateId,
  type TriedTreatment,
} from './templates';

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

/** The runs of the workspace, and what was tried on them. */
export interface Measured {
  library: RunLibrary;
  searches: SearchLibrary;
}

/** Asks for a template and its model, and opens the notebook, unsaved. @param given a model, where called on one */
export async function newNotebook(measured: Measured, given: unknown): Promise<void> {
  const described = texts();
  const templates = templateIds.map((id): TemplateItem => ({
    ...described[id],
    make: async () => {
      const subject = await subjectOf(given);
      return subject && fromTemplate(id, subject);
    },
  }));
  if (!(given instanceof vscode.Uri)) templates.splice(1, 0, ...(await ofSelectedRun(measured)));
  const picked = await vscode.window.showQuickPick(templates, {
    title: vscode.l10n.t('New Experiment Notebook'),
    placeHolder: vscode.l10n.t('What do you want to find out?'),
    matchOnDetail: true,
  });
  const notebook = await picked?.make();
  if (notebook) await openNotebook(notebook);
}

async function ofSelectedRun({ library, searches }: Measured): Promise<TemplateItem[]> {
  await library.load();
  const { selected: run } = library;
  if (!run) return [];
  const best = (await searches.of(run))?.prescriptions[0];
  const prescription: TemplateItem[] = best
    ? [
        {
          label: vscode.l10n.t('From the prescription for {0}', run.name),
          detail: vscode.l10n.t('Without and with {0}, side by side', trialName(best)),
          make: () => Promise.resolve(ofPrescription(run, best)),
        },
      ]
    : [];
  return [
    ...prescription,
    {
      label: vscode.l10n.t('From the run {0}', run.name),
      detail: vscode.l10n.t('Its experiment with all settings, and what could be done'),
      make: () => Promise.resolve(ofRun(run)),
    },
  ];
}

/**
 * Opens the experiment of a run as a notebook: with what was tried on it, where that is given or something is prescribed.
 * @param given the run or its id; the selected one where left out. @param trial its place among the trials
 */
export async function openAsNotebook({ library, searches }: Measured, given: unknown, trial: unknown): Promise<void> {
  await library.load();
  const run =
    given === undefined ? library.selected : library.runs.find((record) => record === given || record.id === given);
  if (!run) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no run yet. Diagnose a model first.'));
    return;
  }
  const search = await searches.of(run);
  const chosen = typeof trial === 'number' ? search?.trials[trial] : undefined;
  const prescribed =
    search && chosen
      ? search.prescriptions[prescribedTrials(search).indexOf(trial as number)]
      : search?.prescriptions[0];
  const treatment = prescribed ?? chosen;
  await openNotebook(treatment ? ofPrescription(run, treatment) : ofRun(run));
}

const ofRun = ({ header, name }: RunRecord): Notebook =>
  fromExperiment(statedExperiment(header.settings), name, fromWorkspace);

const ofPrescription = ({ header, name }: RunRecord, treatment: TriedTreatment): Notebook =>
  fromPrescription(statedExperiment(header.settings), name, treatment, fromWorkspace);

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
