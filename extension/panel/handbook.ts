import * as vscode from 'vscode';

/**
 * Shows a page of the handbook, which ships with the extension.
 * @param id of a symptom or a remedy
 */
export async function showHandbook(extension: vscode.Uri, id: string): Promise<void> {
  const page = vscode.Uri.joinPath(extension, 'docs/handbook', `${id}.md`);
  await vscode.commands.executeCommand('markdown.showPreview', page);
}
