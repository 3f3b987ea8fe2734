import * as vscode from 'vscode';
import type { Health } from './layer-measures';

const icons: Readonly<Record<Health, readonly [icon: string, color: string]>> = {
  error: ['error', 'problemsErrorIcon.foreground'],
  warning: ['warning', 'problemsWarningIcon.foreground'],
  information: ['info', 'problemsInfoIcon.foreground'],
  healthy: ['pass', 'testing.iconPassed'],
};

/** Shape and colour both tell the health, so that neither is needed alone. */
export function healthIcon(health: Health): vscode.ThemeIcon {
  const [icon, color] = icons[health];
  return new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
}
