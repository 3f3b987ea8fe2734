import { depthColor, type ThemeKind } from '../charts/colors';
import { element, setAttributes, swatch } from '../ui/dom';
import { icon, type IconName } from '../ui/icons';
import { t } from '../ui/l10n';
import { iconButton, searchField, setIconButton } from '../ui/widgets';
import type { Health } from '../../extension/panel/layer-measures';
import { layersBelow, moduleTree, type ModuleNode } from '../../extension/panel/module-tree';
import { readableNumber } from '../../extension/panel/readable-number';
import type { LayerInfo } from '../../extension/protocol/run';

export interface LayerListState {
  layers: readonly LayerInfo[];
  theme: ThemeKind;
  selected?: string;
  hidden: ReadonlySet<string>;
  frozen: ReadonlySet<string>;
  health: ReadonlyMap<string, Health>;
  /** The gradient at the step shown; undefined where there is none. */
  value(layer: number): number | undefined;
}

export interface LayerListEvents {
  select(layer: string): void;
  /** Which layers are hidden, from now on. */
  hide(hidden: ReadonlySet<string>): void;
  freeze(layer: string, frozen: boolean): void;
  reveal(layer: string): void;
}

/** Trees of up to this many layers are open to begin with. */
const openLimit = 60;

interface Row {
  node: ModuleNode;
  depth: number;
  element: HTMLElement;
  value?: HTMLElement;
  eye: HTMLElement;
}

/** The module tree: what each colour is, what is hidden, how each layer is doing. */
export class LayerList {
  readonly element: HTMLElement;
  private readonly tree = element('div', { class: 'tree', attributes: { role: 'tree', 'aria-label': t('Layers') } });
  private readonly search = searchField(t('Search layers'), () => {
    this.build();
  });
  private readonly isolate = iconButton('isolate', t('Show only this layer'), () => {
    this.hideAllBut();
  });
  private readonly hide = iconButton('eyeClosed', t('Hide this layer'), () => {
    const node = this.current();
    if (node) this.toggle(node);
  });
  private readonly freeze = iconButton('freeze', t('Freeze this layer from the next run on'), () => {
    const { selected, frozen } = this.state!;
    if (selected) this.events.freeze(selected, !frozen.has(selected));
  });
  private readonly source = iconButton('source', t('Go to the source of this layer'), () => {
    if (this.state?.selected) this.events.reveal(this.state.selected);
  });
  private readonly all = iconButton('eye', t('Show all layers'), () => {
    this.events.hide(new Set());
  });
  private state: LayerListState | undefined;
  private rows: Row[] = [];
  private readonly closed = new Set<string>();
  private builtFor: Pick<LayerListState, 'layers' | 'theme'> | undefined;
  private focused = '';

  constructor(private readonly events: LayerListEvents) {
    this.tree.addEventListener('keydown', this.pressed);
    this.element = element(
      'section',
      { class: 'layers', attributes: { 'aria-label': t('Layers') } },
      element(
        'div',
        { class: 'layers-tools' },
        this.search,
        element(
          'div',
          { class: 'tools', attributes: { role: 'toolbar', 'aria-label': t('Layer tools') } },
          this.isolate,
          this.hide,
          this.freeze,
          this.source,
          this.all,
        ),
      ),
      element(
        'div',
        { class: 'layers-caption', attributes: { 'aria-hidden': 'true' } },
        element('span', {}, t('layer')),
        element('span', { attributes: { title: measureText() } }, t('gradient')),
      ),
      this.tree,
    );
  }

  show(state: LayerListState): void {
    this.state = state;
    const before = this.builtFor;
    this.builtFor = state;
    if (before?.layers !== state.layers) {
      this.closed.clear();
      if (state.layers.length > openLimit)
        for (const node of moduleTree(state.layers)) for (const child of node.children) this.closed.add(child.path);
    } else if (before.theme === state.theme) {
      this.refresh();
      return;
    }
    this.build();
  }

  /** Values of another step; nothing else has changed. */
  showValues(value: LayerListState['value']): void {
    if (!this.state) return;
    this.state = { ...this.state, value };
    this.refreshValues();
  }

  private build(): void {
    const { state } = this;
    if (!state) return;
    const wanted = this.search.value.trim().toLowerCase();
    this.rows = [];
    const add = (node: ModuleNode, depth: number) => {
      if (wanted && !layersBelow(node).some(({ name }) => name.toLowerCase().includes(wanted))) return;
      const row = this.rowOf(node, depth, state);
      this.rows.push(row);
      if (wanted || !this.closed.has(node.path)) for (const child of node.children) add(child, depth + 1);
    };
    for (const node of moduleTree(state.layers)) add(node, 0);
    this.tree.replaceChildren(
      ...(this.rows.length > 0
        ? this.rows.map((row) => row.element)
        : [element('p', { class: 'nothing' }, t('No layer of that name.'))]),
    );
    this.refresh();
  }

  private rowOf(node: ModuleNode, depth: number, state: LayerListState): Row {
    const index = node.layer ? state.layers.indexOf(node.layer) : -1;
    const value = node.layer
      ? element('span', { class: 'layer-value', attributes: { title: measureText() } })
      : undefined;
    const eye = element('span', {
      class: 'eye',
      attributes: { title: t('Show or hide'), 'aria-hidden': 'true' },
      on: {
        click: (event) => {
          event.stopPropagation();
          this.toggle(node);
        },
      },
    });
    const mark = node.children.length > 0 ? icon('chevron') : undefined;
    const row = element(
      'div',
      {
        class: 'tree-row',
        attributes: {
          role: 'treeitem',
          tabindex: -1,
          'aria-level': depth + 1,
          'aria-expanded': mark ? String(!this.closed.has(node.path)) : undefined,
          title: node.layer ? `${node.path} · ${node.layer.op}` : node.path,
          'data-path': node.path,
        },
        on: {
          click: () => {
            this.focus(node.path);
            if (node.layer) this.events.select(node.path);
            else this.fold(node, !this.closed.has(node.path));
          },
        },
      },
      element('span', { class: 'twist' }, mark),
      index >= 0 ? swatch(depthColor(index, state.layers.length, state.theme)) : undefined,
      element('span', { class: 'layer-name' }, node.label),
      node.layer ? element('span', { class: 'layer-op' }, node.layer.op) : undefined,
      element('span', { class: 'badges' }),
      value,
      eye,
    );
    row.style.setProperty('padding-inline-start', `${4 + depth * 10}px`);
    mark?.addEventListener('click', (event) => {
      event.stopPropagation();
      this.fold(node, !this.closed.has(node.path));
    });
    return { node, depth, element: row, value, eye };
  }

  private refresh(): void {
    const { state } = this;
    if (!state) return;
    const { hidden, selected, frozen, health } = state;
    if (!this.rows.some(({ node }) => node.path === this.focused)) this.focused = this.rows[0]?.node.path ?? '';
    for (const { node, element: row, eye } of this.rows) {
      const below = layersBelow(node);
      const gone = below.every(({ name }) => hidden.has(name));
      row.classList.toggle('gone', gone);
      setAttributes(row, {
        'aria-selected': String(node.path === selected),
        tabindex: node.path === this.focused ? 0 : -1,
      });
      eye.replaceChildren(icon(gone ? 'eyeClosed' : 'eye'));
      const badges = row.querySelector('.badges')!;
      const worst = node.layer ? health.get(node.path) : undefined;
      badges.replaceChildren(
        ...(frozen.has(node.path) ? [badge('freeze', t('frozen'))] : []),
        ...(worst && worst !== 'healthy' ? [badge(worst, healthNames()[worst])] : []),
      );
    }
    const info = state.layers.find(({ name }) => name === selected);
    for (const button of [this.isolate, this.hide, this.freeze]) button.disabled = !info;
    this.source.disabled = !info?.source;
    this.all.disabled = hidden.size === 0;
    setIconButton(
      this.freeze,
      'freeze',
      selected && frozen.has(selected)
        ? t('Train this layer again from the next run on')
        : t('Freeze this layer from the next run on'),
    );
    setIconButton(
      this.hide,
      'eyeClosed',
      selected && hidden.has(selected) ? t('Show this layer') : t('Hide this layer'),
    );
    this.refreshValues();
  }

  private refreshValues(): void {
    const { layers } = this.state!;
    const indices = new Map(layers.map((layer, index) => [layer, index]));
    for (const row of this.rows) {
      if (!row.value) continue;
      const number = this.state!.value(indices.get(row.node.layer!)!);
      const text = number === undefined ? '' : readableNumber(number);
      if (row.value.textContent !== text) row.value.textContent = text;
    }
  }

  private current(): ModuleNode | undefined {
    return this.rows.find(({ node }) => node.path === this.state?.selected)?.node;
  }

  private toggle(node: ModuleNode): void {
    const { hidden } = this.state!;
    const names = layersBelow(node).map(({ name }) => name);
    const gone = names.every((name) => hidden.has(name));
    const next = new Set(hidden);
    for (const name of names)
      if (gone) next.delete(name);
      else next.add(name);
    this.events.hide(next);
  }

  private hideAllBut(): void {
    const node = this.current();
    if (!node) return;
    const kept = new Set(layersBelow(node).map(({ name }) => name));
    this.events.hide(new Set(this.state!.layers.map(({ name }) => name).filter((name) => !kept.has(name))));
  }

  private fold(node: ModuleNode, closed: boolean): void {
    if (closed) this.closed.add(node.path);
    else this.closed.delete(node.path);
    this.build();
    this.focus(node.path);
  }

  private focus(path: string): void {
    this.focused = path;
    for (const { node, element: row } of this.rows) row.tabIndex = node.path === path ? 0 : -1;
    this.rows.find(({ node }) => node.path === path)?.element.focus();
  }

  /** The keys of a tree, as the ARIA practices describe them; the space bar shows and hides. */
  private readonly pressed = (event: KeyboardEvent): void => {
    const at = this.rows.findIndex(({ node }) => node.path === this.focused);
    const row = this.rows[at];
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const { node, depth } = row;
    const go = (to: number) => {
      const target = this.rows[to];
      if (target) this.focus(target.node.path);
    };
    const isOpen = node.children.length > 0 && !this.closed.has(node.path);
    const actions: Readonly<Record<string, () => void>> = {
      ArrowDown: () => {
        go(at + 1);
      },
      ArrowUp: () => {
        go(at - 1);
      },
      Home: () => {
        go(0);
      },
      End: () => {
        go(this.rows.length - 1);
      },
      ArrowRight: () => {
        if (isOpen) go(at + 1);
        else if (node.children.length > 0) this.fold(node, false);
      },
      ArrowLeft: () => {
        if (isOpen) this.fold(node, true);
        else go(this.rows.slice(0, at).findLastIndex((other) => other.depth < depth));
      },
      Enter: () => {
        if (node.layer) this.events.select(node.path);
        else this.fold(node, isOpen);
      },
      ' ': () => {
        this.toggle(node);
      },
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
}

const measureText = (): string => t('Norm of ∂L/∂w; without weights, RMS of ∂L/∂a. At the step shown.');

const healthNames = (): Readonly<Record<Health, string>> => ({
  error: t('error'),
  warning: t('warning'),
  information: t('information'),
  healthy: t('healthy'),
});

const badge = (name: IconName, label: string): HTMLElement =>
  element(
    'span',
    { class: `badge tone-${name}`, attributes: { role: 'img', 'aria-label': label, title: label } },
    icon(name),
  );
