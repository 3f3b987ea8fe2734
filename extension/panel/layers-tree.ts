import * as vscode from 'vscode';
import { commands, views } from '../editor/contributions';
import type { LayerInfo } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { healthIcon } from './health-icon';
import { healthByLayer, layerGradient, markOf, worstOf, type Health } from './layer-measures';
import { layersBelow, moduleTree, type ModuleNode } from './module-tree';
import { readableNumber } from './readable-number';
import type { FrozenLayers } from './frozen-layers';
import type { RunLibrary } from './run-library';

/** The tree is renewed this often while a run goes on. */
const refreshMilliseconds = 1000;

/** The module tree of the selected run's model, with the health and the last gradient norm of each layer. */
export class LayersTree implements vscode.TreeDataProvider<ModuleNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<ModuleNode>;
  private readonly subscriptions: readonly { dispose(): unknown }[];
  private nodes: ModuleNode[] = [];
  private parents = new Map<ModuleNode, ModuleNode>();
  private telemetry: Telemetry | undefined;
  private health: ReadonlyMap<string, Health> = new Map();
  private layerIndex = new Map<string, number>();
  private parameterSizes = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly library: RunLibrary,
    private readonly frozen: FrozenLayers,
  ) {
    this.view = vscode.window.createTreeView(views.layers, { treeDataProvider: this, showCollapseAll: true });
    const refresh = () => {
      void this.refresh();
    };
    this.subscriptions = [
      this.view,
      this.changed,
      library.onDidSelect(refresh),
      library.onDidChange(refresh),
      frozen.onDidChange(refresh),
      library.onDidAddSteps(({ run }) => {
        if (run === library.selected) this.refreshSoon();
      }),
    ];
    refresh();
  }

  getTreeItem(node: ModuleNode): vscode.TreeItem {
    const layers = layersBelow(node);
    const { layer } = node;
    const item = new vscode.TreeItem(
      node.label,
      node.children.length > 0 ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None,
    );
    item.id = node.path;
    const size = layers
      .flatMap(({ parameters }) => parameters)
      .reduce((sum, name) => sum + (this.parameterSizes.get(name) ?? 0), 0);
    const health = worstOf(layers.map(({ name }) => this.health.get(name) ?? 'healthy'));
    item.iconPath = healthIcon(markOf(health, size > 0));
    const frozen = this.isFrozen(layers);
    const norm = layer && this.telemetry && layerGradient(this.telemetry, this.layerIndex.get(layer.name)!);
    item.description = [
      // First, since it was the user's choice and what follows may not fit.
      ...(frozen ? [vscode.l10n.t('frozen')] : []),
      ...(norm === undefined ? [] : [`‖∇‖ ${readableNumber(norm)}`]),
      ...(layer ? [layer.op] : []),
      ...(size > 0 ? [vscode.l10n.t('{0} parameters', size.toLocaleString())] : []),
    ].join(' · ');
    item.tooltip = [
      node.path,
      ...(layer?.source ? [`${layer.source.file}:${layer.source.line}`] : []),
      ...(frozen ? [vscode.l10n.t('Not trained in the next run of this model.')] : []),
    ].join('\n');
    item.contextValue = [
      layer ? 'layer' : 'module',
      ...(size > 0 ? [frozen ? 'frozen' : 'trained'] : []),
      ...(layer?.source ? ['source'] : []),
    ].join('.');
    item.accessibilityInformation = { label: `${node.path}, ${healthName(health)}, ${item.description}` };
    if (layer) item.command = { command: commands.showLayer, title: vscode.l10n.t('Show Layer'), arguments: [node] };
    return item;
  }

  getChildren(parent?: ModuleNode): ModuleNode[] {
    return parent ? parent.children : this.nodes;
  }

  getParent(node: ModuleNode): ModuleNode | undefined {
    return this.parents.get(node);
  }

  /** Selects a layer in the tree without taking the focus. */
  async reveal(name: string): Promise<void> {
    const find = (nodes: readonly ModuleNode[]): ModuleNode | undefined =>
      nodes.find(({ path }) => path === name) ?? nodes.map(({ children }) => find(children)).find(Boolean);
    const node = find(this.nodes);
    if (node && this.view.visible) await this.view.reveal(node, { select: true, focus: false });
  }

  private isFrozen(layers: readonly LayerInfo[]): boolean {
    const model = this.telemetry?.run.header.settings.model;
    const trainable = layers.filter(({ parameters }) => parameters.length > 0);
    return model !== undefined && trainable.length > 0 && trainable.every(({ name }) => this.frozen.has(model, name));
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private refreshSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.refresh();
    }, refreshMilliseconds);
  }

  private async refresh(): Promise<void> {
    const record = this.library.selected;
    const previous = this.telemetry?.run.header;
    this.telemetry = record && new Telemetry(await this.library.read(record));
    this.health = healthByLayer(record?.findings ?? []);
    const header = this.telemetry?.run.header;
    if (header !== previous) {
      const layers = header?.layout.layers ?? [];
      this.nodes = moduleTree(layers);
      this.parents = parentsOf(this.nodes);
      this.layerIndex = new Map(layers.map(({ name }, index) => [name, index]));
      this.parameterSizes = new Map(header?.layout.parameters.map(({ name, size }) => [name, size]));
    }
    this.view.description = record?.name;
    this.changed.fire();
  }
}

const parentsOf = (nodes: readonly ModuleNode[]): Map<ModuleNode, ModuleNode> =>
  new Map(
    nodes.flatMap((node) => [...node.children.map((child) => [child, node] as const), ...parentsOf(node.children)]),
  );

const healthName = (health: Health): string =>
  ({
    error: vscode.l10n.t('error'),
    warning: vscode.l10n.t('warning'),
    information: vscode.l10n.t('information'),
    healthy: vscode.l10n.t('healthy'),
  })[health];
