import * as vscode from 'vscode';
import { basename, dirname, join, resolve } from 'node:path';
import type { RunRecord } from './run-store';

const listedModels = 500;

interface ModelItem extends vscode.QuickPickItem {
  /** Absent for the item that opens the file dialog, and for the run. */
  uri?: vscode.Uri;
  run?: RunRecord;
}

/** The model a command is about: the one it was called on, or one the user picks. Undefined if the user gives up. */
export const pickModel = (given: unknown): Promise<vscode.Uri | undefined> =>
  pickModelOrRun(given, undefined) as Promise<vscode.Uri | undefined>;

/** The same for a command that can also go on with the run that the user looks at, which comes first then. */
export async function pickModelOrRun(
  given: unknown,
  run: RunRecord | undefined,
): Promise<vscode.Uri | RunRecord | undefined> {
  if (given instanceof vscode.Uri) return given;
  const active = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (
    (active instanceof vscode.TabInputText || active instanceof vscode.TabInputCustom) &&
    active.uri.path.endsWith('.onnx')
  )
    return active.uri;
  const found = await vscode.workspace.findFiles('**/*.onnx', '**/{node_modules,.git,site-packages}/**', listedModels);
  const models = found
    .map((uri): ModelItem => {
      const relative = vscode.workspace.asRelativePath(uri);
      return { label: basename(relative), description: dirname(relative) === '.' ? '' : dirname(relative), uri };
    })
    .sort((a, b) => `${a.description}/${a.label}`.localeCompare(`${b.description}/${b.label}`));
  const browse: ModelItem = { label: vscode.l10n.t('$(folder-opened) Choose a file…') };
  const shown: ModelItem[] = run
    ? [{ label: vscode.l10n.t('$(graph-line) The run {0}', run.name), description: vscode.l10n.t('shown now'), run }]
    : [];
  const picked = await vscode.window.showQuickPick([...shown, ...models, browse], {
    title: run ? vscode.l10n.t('Which run or model?') : vscode.l10n.t('Which model?'),
    placeHolder:
      models.length > 0
        ? vscode.l10n.t('An ONNX file of this workspace')
        : vscode.l10n.t('There is no ONNX file in this workspace: choose one, or diagnose a training script'),
    matchOnDescription: true,
  });
  if (picked?.run) return picked.run;
  if (!picked || picked.uri) return picked?.uri;
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('Which model?'),
    filters: { [vscode.l10n.t('ONNX models')]: ['onnx'] },
  });
  return chosen?.[0];
}

const exists = async (path: string): Promise<boolean> =>
  vscode.workspace.fs.stat(vscode.Uri.file(path)).then(
    () => true,
    () => false,
  );

/**
 * The arrays to train on: what the setting names, else `<model>.npz` or `batch.npz` beside the model, else none.
 * @param setting `gradientDoctor.data`, relative to the workspace folder
 */
export async function findData(model: vscode.Uri, setting: string): Promise<string | undefined> {
  if (setting !== '') {
    const folder = vscode.workspace.getWorkspaceFolder(model) ?? vscode.workspace.workspaceFolders?.[0];
    return folder ? resolve(folder.uri.fsPath, setting) : setting;
  }
  const folder = dirname(model.fsPath);
  for (const name of [`${basename(model.fsPath, '.onnx')}.npz`, 'batch.npz'])
    if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}

/** What a run of this model is called: the file's name, or its folder's where the file is just called "model". */
export function modelName(path: string): string {
  const stem = basename(path, '.onnx');
  return stem === 'model' ? basename(dirname(path)) : stem;
}
