import * as vscode from 'vscode';

/** Puts the features together, nothing more. */
export function activate(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.window.createOutputChannel('Gradient Doctor', { log: true }));
}
