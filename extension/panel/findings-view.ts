import * as vscode from 'vscode';
import { commands, views } from '../editor/contributions';
import type { Finding, Severity } from '../protocol/finding';
import { healthIcon } from './health-icon';
import { readableNumber } from './readable-number';
import type { RunLibrary } from './run-library';

type Item = { kind: 'finding'; finding: Finding } | { kind: 'detail'; label: string; text: string; layer?: string };

const order: readonly Severity[] = ['error', 'warning', 'information'];
const shownLayers = 20;

/** The findings of the selected run, the worst first, each with its number, the threshold and who set it. */
export class FindingsView implements vscode.TreeDataProvider<Item>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Item>;
  private readonly subscriptions: readonly { dispose(): unknown }[];

  constructor(private readonly library: RunLibrary) {
    this.view = vscode.window.createTreeView(views.findings, { treeDataProvider: this });
    const refresh = () => {
      this.refresh();
    };
    this.subscriptions = [this.view, this.changed, library.onDidChange(refresh), library.onDidSelect(refresh)];
    this.refresh();
  }

  getTreeItem(item: Item): vscode.TreeItem {
    return item.kind === 'finding' ? findingItem(item.finding) : detailItem(item);
  }

  getChildren(parent?: Item): Item[] {
    if (!parent)
      return [...(this.library.selected?.findings ?? [])]
        .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
        .map((finding) => ({ kind: 'finding', finding }));
    return parent.kind === 'finding' ? details(parent.finding) : [];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private refresh(): void {
    const run = this.library.selected;
    const count = run?.findings.filter(({ severity }) => severity !== 'information').length ?? 0;
    this.view.badge = count > 0 ? { value: count, tooltip: vscode.l10n.t('{0} findings', count) } : undefined;
    this.view.description = run?.name;
    this.view.message = run && run.findings.length === 0 ? verdictWithoutFindings(run.end !== undefined) : undefined;
    this.changed.fire();
  }
}

const verdictWithoutFindings = (ended: boolean): string =>
  ended
    ? vscode.l10n.t('Healthy: no symptom was found in this run.')
    : vscode.l10n.t('No symptom so far. The run is still going on.');

function findingItem(finding: Finding): vscode.TreeItem {
  const item = new vscode.TreeItem(finding.message, vscode.TreeItemCollapsibleState.Expanded);
  item.iconPath = healthIcon(finding.severity);
  item.tooltip = finding.message;
  item.contextValue = 'finding';
  item.accessibilityInformation = { label: `${severityName(finding.severity)}: ${finding.message}` };
  return item;
}

function details({ symptom, value, threshold, reference, layers }: Finding): Item[] {
  const hidden = layers.length - shownLayers;
  return [
    { kind: 'detail', label: vscode.l10n.t('Symptom'), text: symptom },
    { kind: 'detail', label: vscode.l10n.t('Measured'), text: readableNumber(value) },
    {
      kind: 'detail',
      label: vscode.l10n.t('Threshold'),
      text: vscode.l10n.t('{0} ({1})', readableNumber(threshold), reference),
    },
    ...layers
      .slice(0, shownLayers)
      .map((layer): Item => ({ kind: 'detail', label: vscode.l10n.t('Layer'), text: layer, layer })),
    ...(hidden > 0
      ? [{ kind: 'detail', label: '', text: vscode.l10n.t('and {0} more layers', hidden) } satisfies Item]
      : []),
  ];
}

function detailItem({ label, text, layer }: Extract<Item, { kind: 'detail' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(label === '' ? text : label);
  if (label !== '') item.description = text;
  item.tooltip = text;
  item.contextValue = layer === undefined ? 'detail' : 'layer';
  if (layer !== undefined)
    item.command = { command: commands.showLayer, title: vscode.l10n.t('Show Layer'), arguments: [layer] };
  return item;
}

const severityName = (severity: Severity): string =>
  ({
    error: vscode.l10n.t('Error'),
    warning: vscode.l10n.t('Warning'),
    information: vscode.l10n.t('Information'),
  })[severity];
