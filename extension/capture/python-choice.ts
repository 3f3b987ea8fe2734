/** Which Python the editor runs scripts with. */
import * as vscode from 'vscode';
import { isAbsolute, join } from 'node:path';
import { findPython } from './interpreter';

/** The part that is used of the API of the extension `ms-python.python`. */
interface PythonExtension {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** The setting, else the environment that the Python extension has chosen, else what is found. */
export async function choosePython(script: vscode.Uri): Promise<string> {
  const folder = vscode.workspace.getWorkspaceFolder(script)?.uri.fsPath;
  const stated = vscode.workspace.getConfiguration('gradientDoctor', script).get<string>('python', '').trim();
  if (stated !== '') {
    const path = stated.replace('${workspaceFolder}', folder ?? '');
    // A command of the system has no folder in its name.
    return folder === undefined || isAbsolute(path) || !/[\\/]/.test(path) ? path : join(folder, path);
  }
  return (await fromPythonExtension(script)) ?? findPython(folder === undefined ? [] : [folder]);
}

async function fromPythonExtension(script: vscode.Uri): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
  if (!extension) return undefined;
  try {
    const { environments } = await extension.activate();
    const resolved = await environments?.resolveEnvironment(environments.getActiveEnvironmentPath(script));
    return resolved?.executable.uri?.fsPath;
  } catch {
    // Another extension's trouble: what is found without it will do.
    return undefined;
  }
}
