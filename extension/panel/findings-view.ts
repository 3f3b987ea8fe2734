import * as vscode from 'vscode';
import { commands, views } from '../editor/contributions';
import type { Finding, Severity, SymptomId } from '../protocol/finding';
import { healthIcon } from './health-icon';
import { readableNumber } from './readable-number';
import type { RunLibrary } from './run-library';
import { symptomNames } from './symptom-names';

type Item =
  | { kind: 'finding'; finding: Finding }
  | { kind: 'detail'; label: string; text: string }
  | { kind: 'layers'; layers: readonly string[] }
  | { kind: 'layer'; layer: string };

/** The symptom of an entry of this view; undefined for what is none. */
export const symptomOf = (entry: unknown): SymptomId | undefined =>
  typeof entry === 'object' && entry !== null && 'finding' in entry
    ? (entry as { finding: Finding }).finding.symptom
    : undefined;

/** A longer list of layers starts folded. */
const unfoldedLayers = 8;

const order: readonly Severity[] = ['error', 'warning', 'information'];

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
    switch (item.kind) {
      case 'finding':
        return findingItem(item.finding);
      case 'detail':
        return detailItem(item);
      case 'layers':
        return new vscode.TreeItem(
          item.layers.length === 1 ? vscode.l10n.t('1 layer') : vscode.l10n.t('{0} layers', item.layers.length),
          item.layers.length > unfoldedLayers
            ? vscode.TreeItemCollapsibleState.Collapsed
            : vscode.TreeItemCollapsibleState.Expanded,
        );
      case 'layer':
        return layerItem(item.layer);
    }
  }

  getChildren(parent?: Item): Item[] {
    if (!parent)
      return [...(this.library.selected?.findings ?? [])]
        .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
        .map((finding) => ({ kind: 'finding', finding }));
    if (parent.kind === 'finding') return details(parent.finding);
    return parent.kind === 'layers' ? parent.layers.map((layer) => ({ kind: 'layer', layer })) : [];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private refresh(): void {
    const run = this.library.selected;
    const count = run?.findings.filter(({ severity }) => severity !== 'information').length ?? 0;
    this.view.badge =
      count > 0
        ? { value: count, tooltip: count === 1 ? vscode.l10n.t('1 finding') : vscode.l10n.t('{0} findings', count) }
        : undefined;
    this.view.description = run?.name;
    this.view.message = run && run.findings.length === 0 ? verdictWithoutFindings(run.end !== undefined) : undefined;
    this.changed.fire();
  }
}

const verdictWithoutFindings = (ended: boolean): string =>
  ended
    ? vscode.l10n.t('Healthy: no symptom was found in this run.')
    : vscode.l10n.t('No symptom so far. The run is still going on.');

function findingItem({ symptom, severity, layers, message }: Finding): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t(symptomNames[symptom]), vscode.TreeItemCollapsibleState.Expanded);
  item.description = layers.length > 1 ? vscode.l10n.t('{0} and {1} more', layers[0]!, layers.length - 1) : layers[0];
  item.iconPath = healthIcon(severity);
  item.tooltip = message;
  item.contextValue = 'finding';
  item.accessibilityInformation = { label: `${severityName(severity)}: ${message}` };
  return item;
}

const details = ({ value, threshold, reference, layers, message }: Finding): Item[] => [
  { kind: 'detail', label: message, text: '' },
  { kind: 'detail', label: vscode.l10n.t('Measured'), text: readableNumber(value) },
  { kind: 'detail', label: vscode.l10n.t('Threshold'), text: readableNumber(threshold) },
  { kind: 'detail', label: vscode.l10n.t('Reference'), text: reference },
  ...(layers.length > 0 ? [{ kind: 'layers', layers } satisfies Item] : []),
];

function detailItem({ label, text }: { label: string; text: string }): vscode.TreeItem {
  const item = new vscode.TreeItem(label);
  item.description = text;
  item.tooltip = text === '' ? label : text;
  item.accessibilityInformation = { label: `${label} ${text}`.trim() };
  return item;
}

function layerItem(layer: string): vscode.TreeItem {
  const item = new vscode.TreeItem(layer);
  item.contextValue = 'layer';
  item.command = { command: commands.showLayer, title: vscode.l10n.t('Show Layer'), arguments: [layer] };
  return item;
}

const severityName = (severity: Severity): string =>
  ({
    error: vscode.l10n.t('Error'),
    warning: vscode.l10n.t('Warning'),
    information: vscode.l10n.t('Information'),
  })[severity];
