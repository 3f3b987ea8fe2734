/** The documentation of the lint rules, which ships with the extension. */
import * as vscode from 'vscode';
import { sourceCommands } from './contributions';

const pageOf = (extension: vscode.Uri, page: string): vscode.Uri =>
  vscode.Uri.joinPath(extension, 'docs/rules', `${page}.md`);

/** What a click on the code of a finding opens. The editor opens files there, and no commands. */
export const ruleLink = pageOf;

export const registerRulePages = (extension: vscode.Uri): vscode.Disposable =>
  vscode.commands.registerCommand(sourceCommands.openRule, async (code?: unknown) => {
    const page = typeof code === 'string' && /^GD\d{3}$/.test(code) ? code : 'README';
    await vscode.commands.executeCommand('markdown.showPreview', pageOf(extension, page));
  });
