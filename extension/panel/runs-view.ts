import * as vscode from 'vscode';
import { commands, views } from '../editor/contributions';
import { healthIcon } from './health-icon';
import { worstOf } from './layer-measures';
import type { RunLibrary } from './run-library';
import type { RunRecord } from './run-store';

/** The list is renewed this often while a run goes on. */
const refreshMilliseconds = 1000;

/** Every run of the workspace, the newest first. A click shows it in all views. */
export class RunsView implements vscode.TreeDataProvider<RunRecord>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private timer: NodeJS.Timeout | undefined;
  private readonly subscriptions: readonly { dispose(): unknown }[];

  constructor(private readonly library: RunLibrary) {
    const refresh = () => {
      this.changed.fire();
    };
    const refreshSoon = () => {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        refresh();
      }, refreshMilliseconds);
    };
    this.subscriptions = [
      vscode.window.createTreeView(views.runs, { treeDataProvider: this }),
      this.changed,
      library.onDidChange(refresh),
      library.onDidSelect(refresh),
      library.onDidAddSteps(refreshSoon),
    ];
  }

  getTreeItem(run: RunRecord): vscode.TreeItem {
    const item = new vscode.TreeItem(run.name);
    item.id = run.id;
    item.iconPath = runIcon(run);
    item.description = `${run === this.library.selected ? '● ' : ''}${verdict(run)} · ${startOf(run)}`;
    item.tooltip = tooltip(run);
    item.accessibilityInformation = { label: `${run.name}, ${verdict(run)}, ${startOf(run)}` };
    item.contextValue = run.end ? 'run' : 'runningRun';
    item.command = { command: commands.showRun, title: vscode.l10n.t('Show Run'), arguments: [run] };
    return item;
  }

  getChildren(parent?: RunRecord): RunRecord[] {
    return parent ? [] : [...this.library.runs];
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

/** The time of day for today's runs, else the date. */
function startOf({ startedAt }: RunRecord): string {
  const start = new Date(startedAt);
  return start.toDateString() === new Date().toDateString()
    ? start.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : start.toLocaleDateString();
}

function runIcon(run: RunRecord): vscode.ThemeIcon {
  if (!run.end) return new vscode.ThemeIcon('loading~spin');
  if (run.end.kind === 'failed') return new vscode.ThemeIcon('circle-slash');
  return healthIcon(worstOf(run.findings.map(({ severity }) => severity)));
}

function verdict({ end, findings, steps }: RunRecord): string {
  if (!end) return vscode.l10n.t('running, step {0}', steps);
  if (end.kind === 'failed') return vscode.l10n.t('failed');
  const found =
    findings.length === 0
      ? vscode.l10n.t('healthy')
      : findings.length === 1
        ? vscode.l10n.t('1 finding')
        : vscode.l10n.t('{0} findings', findings.length);
  return end.kind === 'stopped' ? vscode.l10n.t('{0}, stopped', found) : found;
}

function tooltip({ header, startedAt, steps, end }: RunRecord): string {
  const { settings, provider, model } = header;
  const lines = [
    model,
    new Date(startedAt).toLocaleString(),
    vscode.l10n.t('{0} steps of {1}, batch {2}, seed {3}', steps, settings.steps, settings.batch, settings.seed),
    vscode.l10n.t('{0}, learning rate {1}, loss {2}', settings.optimizer.id, settings.optimizer.lr, settings.loss),
    vscode.l10n.t('Execution provider: {0}', provider),
  ];
  return [...lines, ...(end && end.kind !== 'finished' ? [end.reason] : [])].join('\n');
}
