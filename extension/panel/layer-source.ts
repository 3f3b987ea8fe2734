import * as vscode from 'vscode';
import { basename, dirname, join } from 'node:path';
import type { SourceLocation } from '../protocol/run';

/**
 * Opens the line that creates a layer. The exporter wrote the path of its own machine: where that does not exist, the
 * file of that name beside the model or in the workspace is meant.
 */
export async function openSource({ file, line }: SourceLocation, model: string | undefined): Promise<void> {
  const uri = await findSource(file, model);
  if (!uri) {
    void vscode.window.showWarningMessage(vscode.l10n.t('{0} is not in this workspace.', file));
    return;
  }
  const position = new vscode.Position(Math.max(0, line - 1), 0);
  await vscode.window.showTextDocument(uri, { selection: new vscode.Range(position, position), preview: true });
}

export async function findSource(file: string, model: string | undefined): Promise<vscode.Uri | undefined> {
  const name = basename(file.replaceAll('\\', '/'));
  const candidates = [file, ...(model === undefined ? [] : [join(dirname(model), file), join(dirname(model), name)])];
  for (const candidate of candidates) {
    const uri = vscode.Uri.file(candidate);
    if (await isFile(uri)) return uri;
  }
  const [found] = await vscode.workspace.findFiles(`**/${name}`, '**/{node_modules,.git,site-packages}/**', 1);
  return found;
}

const isFile = async (uri: vscode.Uri): Promise<boolean> =>
  vscode.workspace.fs.stat(uri).then(
    ({ type }) => (type & vscode.FileType.File) !== 0,
    () => false,
  );
