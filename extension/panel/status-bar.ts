import * as vscode from 'vscode';
import { commands } from '../editor/contributions';
import type { WorkQueue } from './work-queue';

/** One item, shown while the trainer is at work; a click stops it. */
export function statusBarItem(work: WorkQueue): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('gradientDoctor.run', vscode.StatusBarAlignment.Left, 10);
  item.name = vscode.l10n.t('Gradient Doctor');
  item.command = commands.stop;
  const subscription = work.onDidChangeProgress(() => {
    const { progress, waiting } = work;
    if (!progress) {
      item.hide();
      return;
    }
    item.text = `$(sync~spin) ${progress.name}: ${progress.message}`;
    item.tooltip =
      waiting.length > 0
        ? vscode.l10n.t('Waiting: {0}. Click to stop what is going on.', waiting.join(', '))
        : vscode.l10n.t('Click to stop.');
    item.show();
  });
  return vscode.Disposable.from(item, subscription);
}
