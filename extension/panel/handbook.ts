import * as vscode from 'vscode';

/**
 * Shows a page of the handbook, which ships with the extension.
 * @param page `symptoms/<id>` or `remedies/<id>`
 */
export async function showHandbook(extension: vscode.Uri, page: string): Promise<void> {
  const uri = vscode.Uri.joinPath(extension, 'docs/handbook', `${page}.md`);
  await vscode.commands.executeCommand('markdown.showPreview', uri);
}
