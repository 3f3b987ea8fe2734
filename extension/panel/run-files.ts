import * as vscode from 'vscode';
import { createWriteStream } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { prescribeDocument } from '../cli/prescribe-document';
import { runDocument } from '../cli/run-document';
import { fileTrouble } from '../protocol/errors';
import { toJson } from '../protocol/json';
import type { Search } from '../protocol/prescription';
import type { Run } from '../protocol/run';
import { csvOf } from './run-export';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';
import type { SearchLibrary } from './search-library';

/** Kinds of files by their extension, for the save dialog. */
const kinds: Readonly<Record<string, () => string>> = {
  csv: () => vscode.l10n.t('Comma-separated values: every number of every step'),
  json: () => vscode.l10n.t('JSON: what `gradient-doctor --json` prints, trials included'),
  png: () => vscode.l10n.t('PNG image'),
  svg: () => vscode.l10n.t('SVG image'),
};

/** Lets the user choose where a run goes, and in which form. */
export async function saveRun(record: RunRecord, library: RunLibrary, searches: SearchLibrary): Promise<void> {
  const uri = await askWhere(`${fileName(record.name)}.csv`, ['csv', 'json']);
  if (!uri) return;
  const run = await library.read(record);
  const content = uri.path.endsWith('.json')
    ? [toJson(documentOf(run, record, await searches.of(record)))]
    : csvOf(run);
  await writing(uri, () => pipeline(Readable.from(content), createWriteStream(uri.fsPath)));
}

/** As `diagnose --json` prints it, or, where remedies were tried, as `prescribe --json` does. */
function documentOf(run: Run, { findings }: RunRecord, search: Search | undefined): object {
  return search ? prescribeDocument({ ...search, baseline: { run, findings } }) : runDocument(run, findings);
}

/** Lets the user choose where a file that a page made goes. @param folder of what it was made from, proposed */
export async function saveFile(name: string, content: Uint8Array | string, folder?: string): Promise<void> {
  const kind = name.split('.').at(-1)!;
  const uri = await askWhere(fileName(name), [kind], folder);
  if (!uri) return;
  await writing(uri, () =>
    vscode.workspace.fs.writeFile(uri, typeof content === 'string' ? Buffer.from(content) : content),
  );
}

function askWhere(
  name: string,
  extensions: readonly string[],
  folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir(),
): Thenable<vscode.Uri | undefined> {
  return vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(folder, name)),
    filters: Object.fromEntries(extensions.map((extension) => [kinds[extension]?.() ?? extension, [extension]])),
  });
}

/** Writes, and tells the user that it is done, or why it cannot be. */
export async function writing(uri: vscode.Uri, write: () => PromiseLike<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    void vscode.window.showErrorMessage(vscode.l10n.t('{0} cannot be written: {1}.', uri.fsPath, fileTrouble(error)));
    return;
  }
  void vscode.window.showInformationMessage(vscode.l10n.t('Saved {0}.', basename(uri.fsPath)));
}

/** A name that every file system takes. */
const fileName = (name: string): string => name.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 100) || 'run';
