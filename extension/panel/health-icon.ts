import * as vscode from 'vscode';
import type { Mark } from './layer-measures';

const icons: Readonly<Record<Mark, readonly [icon: string, color?: string]>> = {
  error: ['error', 'problemsErrorIcon.foreground'],
  warning: ['warning', 'problemsWarningIcon.foreground'],
  information: ['info', 'problemsInfoIcon.foreground'],
  healthy: ['pass', 'testing.iconPassed'],
  unmarked: ['circle-small'],
};

/** Shape and colour both tell the health, so that neither is needed alone. */
export function healthIcon(mark: Mark): vscode.ThemeIcon {
  const [icon, color] = icons[mark];
  return new vscode.ThemeIcon(icon, color === undefined ? undefined : new vscode.ThemeColor(color));
}
