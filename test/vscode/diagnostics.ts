import assert from 'node:assert/strict';
import * as vscode from 'vscode';

/** Every diagnostic of this extension in a document, once one of them (or none) is as expected. */
export async function diagnosticsWhen(
  uri: vscode.Uri,
  fits: (found: readonly vscode.Diagnostic[]) => boolean,
): Promise<vscode.Diagnostic[]> {
  const own = () => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Gradient Doctor');
  const deadline = Date.now() + 20_000;
  while (!fits(own())) {
    if (Date.now() > deadline) assert.fail(`the diagnostics are still ${own().map(codeOf).join(', ') || 'none'}`);
    await new Promise((later) => setTimeout(later, 5));
  }
  return own();
}

export const codeOf = ({ code }: vscode.Diagnostic): string => (typeof code === 'object' ? String(code.value) : '');
export const has = (code: string) => (found: readonly vscode.Diagnostic[]) =>
  found.some((each) => codeOf(each) === code);
export const lacks = (code: string) => (found: readonly vscode.Diagnostic[]) => !has(code)(found);

export const actionsAt = (uri: vscode.Uri, range: vscode.Range, kind?: string) =>
  vscode.commands.executeCommand<vscode.CodeAction[]>('vscode.executeCodeActionProvider', uri, range, kind);
