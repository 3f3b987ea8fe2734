/** What "Diagnose Module at Cursor" has to ask, once: the answers are remembered, and changed where they are shown. */
import * as vscode from 'vscode';
import type { ModuleConstruction } from '../protocol/experiment';

const memoryKey = 'gradientDoctor.modules';

/** A class, and what its file tells of how it is made. */
export interface AskedClass {
  name: string;
  /** Parameters of its constructor, as they are written. */
  parameters?: string | undefined;
  /** Arguments that the file gives it. */
  arguments?: string | undefined;
}

type Remembered = Readonly<Record<string, ModuleConstruction>>;

const keyOf = (script: string, name: string): string => `${script}#${name}`;

/** What was answered before. */
export const rememberedConstruction = (
  memory: vscode.Memento,
  script: string,
  name: string,
): ModuleConstruction | undefined => memory.get<Remembered>(memoryKey, {})[keyOf(script, name)];

/** @returns undefined where the user gives up */
export async function askConstruction(
  memory: vscode.Memento,
  script: string,
  { name, parameters, arguments: stated }: AskedClass,
): Promise<ModuleConstruction | undefined> {
  const known = rememberedConstruction(memory, script, name);
  const args = await vscode.window.showInputBox({
    title: vscode.l10n.t('Arguments of {0} (1/2)', name),
    value: known?.arguments ?? stated ?? '',
    prompt: vscode.l10n.t(
      'As in Python, between the parentheses of {0}. Empty for the defaults.',
      `${name}(${parameters ?? '…'})`,
    ),
    placeHolder: parameters ? parameters : '20, hidden=64',
    ignoreFocusOut: true,
  });
  if (args === undefined) return undefined;
  const inputs = await vscode.window.showInputBox({
    title: vscode.l10n.t('Inputs of {0} (2/2)', name),
    value: known?.inputs ?? '',
    prompt: vscode.l10n.t(
      'Type and shape with the batch first, several with semicolons between. Empty to infer them from the layers.',
    ),
    placeHolder: 'float32[64, 20]; int64[64, 16] < 1000',
    validateInput: (text) =>
      text.split(';').every((part) => part.trim() === '' || /^\s*\w*\s*\[[\d,\s]*\]\s*(<\s*\d+)?\s*$/.test(part))
        ? undefined
        : vscode.l10n.t('Write inputs as float32[64, 20], or int64[64, 16] < 1000 for numbers below 1000.'),
    ignoreFocusOut: true,
  });
  if (inputs === undefined) return undefined;
  const construction = { class: name, arguments: args, inputs };
  const all = memory.get<Remembered>(memoryKey, {});
  await memory.update(memoryKey, { ...all, [keyOf(script, name)]: construction });
  return construction;
}

/** The class around a position: the nearest `class` above that is indented less, at the top level of the file. */
export function classAt(text: vscode.TextDocument, line: number): string | undefined {
  for (let at = Math.min(line, text.lineCount - 1); at >= 0; at--) {
    const content = text.lineAt(at).text;
    const name = /^class\s+(\w+)/.exec(content)?.[1];
    if (name !== undefined) return name;
    if (at < line && /^[^\s#@)\]}]/.test(content)) return undefined;
  }
  return undefined;
}
