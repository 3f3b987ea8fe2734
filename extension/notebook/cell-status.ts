import * as vscode from 'vscode';
import { readCell } from './cell';
import { resultOf } from './documents';
import { stepMilliseconds, verdictOf, type Tone } from './presentation/summary';
import { sweepSize } from './sweep';

const icons: Readonly<Record<Tone, string>> = {
  healthy: '$(pass)',
  findings: '$(warning)',
  failed: '$(error)',
  stopped: '$(debug-stop)',
  running: '$(sync~spin)',
};

/** Below each cell: what is being done, else the verdict, the duration and the time of a step. */
export class CellStatus implements vscode.NotebookCellStatusBarItemProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCellStatusBarItems = this.changed.event;
  private readonly doing = new Map<vscode.NotebookCell, string>();

  /** @param message what is being done; undefined when it is over */
  show(cell: vscode.NotebookCell, message: string | undefined): void {
    if (message === undefined) this.doing.delete(cell);
    else this.doing.set(cell, message);
    this.changed.fire();
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    if (cell.kind !== vscode.NotebookCellKind.Code) return [];
    const doing = this.doing.get(cell);
    if (doing !== undefined) return [item(`${icons.running} ${doing}`)];
    const output = resultOf(cell);
    if (!output) return [...sizeInAdvance(cell)];
    const { tone, text } = verdictOf(output, vscode.l10n.t);
    const items = [item(`${icons[tone]} ${text}`, vscode.l10n.t('Verdict of the last run'))];
    if (output.kind === 'compare') return items;
    items.push(item(`$(watch) ${seconds(output.timeElapsed)}`, vscode.l10n.t('Duration')));
    const step = output.kind === 'run' ? stepMilliseconds(output) : undefined;
    if (step !== undefined)
      items.push(item(vscode.l10n.t('{0} ms a step', rounded(step)), vscode.l10n.t('Time of a step')));
    return items;
  }

  dispose(): void {
    this.changed.dispose();
  }
}

const item = (text: string, tooltip?: string): vscode.NotebookCellStatusBarItem => {
  const made = new vscode.NotebookCellStatusBarItem(text, vscode.NotebookCellStatusBarAlignment.Left);
  if (tooltip !== undefined) made.tooltip = tooltip;
  return made;
};

/** How many runs a sweep will take. */
function* sizeInAdvance({ document }: vscode.NotebookCell): Generator<vscode.NotebookCellStatusBarItem> {
  const { cell } = readCell(document.getText());
  if (cell?.kind === 'sweep')
    yield item(vscode.l10n.t('{0} runs', sweepSize(cell.value)), vscode.l10n.t('Size of the sweep'));
}

const rounded = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toPrecision(2));

const seconds = (value: number): string =>
  value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
