import * as vscode from 'vscode';
import { commands } from '../editor/contributions';
import type { RunController } from './run-controller';

/** One item, shown while a run goes on; a click stops the run. */
export function statusBarItem(controller: RunController): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('gradientDoctor.run', vscode.StatusBarAlignment.Left, 10);
  item.name = vscode.l10n.t('Gradient Doctor');
  item.command = commands.stop;
  const subscription = controller.onDidChangeProgress(() => {
    const { progress, queue } = controller;
    if (!progress) {
      item.hide();
      return;
    }
    const where = progress.step > 0 ? vscode.l10n.t('step {0} of {1}', progress.step, progress.steps) : progress.phase;
    item.text = `$(sync~spin) ${progress.name}: ${where}`;
    item.tooltip =
      queue.length > 0
        ? vscode.l10n.t('Waiting: {0}. Click to stop the current run.', queue.join(', '))
        : vscode.l10n.t('Click to stop the run.');
    item.show();
  });
  return vscode.Disposable.from(item, subscription);
}
