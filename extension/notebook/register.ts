/** Notebooks at activation: as little as there must be, so that who opens none does not load them. */
import * as vscode from 'vscode';
import { createRequire } from 'node:module';
import { notebookCommands } from '../editor/contributions';
import type * as Feature from './feature';
import { notebookType } from './identity';

export function registerNotebooks(parts: Feature.NotebookParts): vscode.Disposable {
  let loaded: typeof Feature | undefined;
  let started: vscode.Disposable | undefined;
  const load = (): typeof Feature => {
    // Beside the bundle that this is part of.
    loaded ??= createRequire(__filename)('./notebook.js') as typeof Feature;
    started ??= loaded.start(parts);
    return loaded;
  };
  return vscode.Disposable.from(
    vscode.workspace.registerNotebookSerializer(notebookType, {
      deserializeNotebook: (content) => load().deserialize(content),
      serializeNotebook: (data) => load().serialize(data),
    }),
    vscode.commands.registerCommand(notebookCommands.newNotebook, (given?: unknown) =>
      load().newNotebook(parts, given),
    ),
    vscode.commands.registerCommand(notebookCommands.openAsNotebook, (run?: unknown, trial?: unknown) =>
      load().openAsNotebook(parts, run, trial),
    ),
    vscode.commands.registerCommand(notebookCommands.exportNotebook, () => load().exportNotebook()),
    new vscode.Disposable(() => {
      started?.dispose();
    }),
  );
}
