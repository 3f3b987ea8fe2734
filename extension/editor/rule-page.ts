/** The documentation of the lint rules, which ships with the extension. */
import * as vscode from 'vscode';
import { sourceCommands } from './contributions';

/** What a click on the code of a finding opens. */
export const ruleLink = (code: string): vscode.Uri =>
  vscode.Uri.parse(`command:${sourceCommands.openRule}?${encodeURIComponent(JSON.stringify([code]))}`);

export const registerRulePages = (extension: vscode.Uri): vscode.Disposable =>
  vscode.commands.registerCommand(sourceCommands.openRule, async (code?: unknown) => {
    const page = typeof code === 'string' && /^GD\d{3}$/.test(code) ? code : 'README';
    const uri = vscode.Uri.joinPath(extension, 'docs/rules', `${page}.md`);
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  });
