/** Code of the workspace is run, and its models are trained, only where the user trusts it. */
import * as vscode from 'vscode';
import { commandsInTrust } from '../editor/contributions';

type Handler = (...given: never[]) => unknown;

/**
 * A command that refuses to do what it does before the workspace is trusted. Menus and the palette do not offer it then,
 * but links, panels and other extensions can still call it.
 */
export function inTrust(command: string, handler: Handler): Handler {
  if (!commandsInTrust.includes(command)) return handler;
  return (...given) => (vscode.workspace.isTrusted ? handler(...given) : refuse());
}

async function refuse(): Promise<void> {
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const text = vscode.l10n.t('Models are trained and scripts are run only in a trusted workspace.');
  if ((await vscode.window.showWarningMessage(text, manage)) === manage)
    await vscode.commands.executeCommand('workbench.trust.manage');
}
