/** The gradient panel: a cache and a picture of what the extension measured. */
import { RunSlots, runColor } from '../charts/colors';
import type { ShownRun, View } from '../charts/figures';
import { FrameWork } from '../charts/frame-work';
import { readTheme, watchTheme } from '../charts/theme';
import { trialGradients, trialLoss } from '../charts/trial-figures';
import { element } from '../ui/dom';
import { setTexts, t } from '../ui/l10n';
import { registerWidgets, textButton } from '../ui/widgets';
import { healthByLayer } from '../../extension/panel/layer-measures';
import {
  comparedRuns,
  type HostToPanel,
  type PanelRun,
  type PanelToHost,
} from '../../extension/protocol/panel-messages';
import { cardDefinitions } from './cards';
import { FigureCard, type CardDefinition } from './figure-card';
import { LayerList } from './layer-list';
import { RunCache } from './run-cache';
import { RunHeader } from './run-header';
import { distinctNames } from './run-names';
import { StepControl } from './step-control';
import { TrialsView } from './trials-view';
import { verdictOf } from './verdict';
import { VerdictView } from './verdict-view';

/** What the panel finds again when it is reloaded. */
interface Kept {
  compared: readonly string[];
  choices: Readonly<Record<string, string>>;
}

interface Host {
  postMessage(message: PanelToHost): void;
  getState(): Partial<Kept> | undefined;
  setState(state: Kept): void;
}
declare function acquireVsCodeApi(): Host;

/** While a run goes on, the charts are drawn anew at most this often. */
const redrawMilliseconds = 150;

class Panel {
  private readonly work = new FrameWork();
  private readonly slots = new RunSlots();
  private theme = readTheme();
  private runs: readonly PanelRun[] = [];
  private selected: string | undefined;
  private compared: readonly string[];
  private choices: Record<string, string>;
  private hidden: ReadonlySet<string> = new Set();
  private frozen: ReadonlySet<string> = new Set();
  private layer: string | undefined;
  /** The run whose end has been shown: once, since then the step is the user's. */
  private placed: string | undefined;
  private watched = '';
  private redraw: ReturnType<typeof setTimeout> | undefined;
  private readonly cache = new RunCache(this.work, () => {
    this.redraw ??= setTimeout(() => {
      this.redraw = undefined;
      this.show();
    }, redrawMilliseconds);
  });

  private readonly header = new RunHeader({
    select: (id) => {
      this.send({ type: 'select', id });
    },
    compare: (ids) => {
      this.compared = ids;
      this.keep();
      this.watch();
      this.show();
    },
    stop: () => {
      this.send({ type: 'command', command: 'stop' });
    },
    openInEditor: () => {
      this.send({ type: 'command', command: 'openInEditor' });
    },
  });
  private readonly verdict = new VerdictView({
    showLayers: (layers) => {
      this.showOnly(layers);
    },
    explain: (symptom) => {
      this.send({ type: 'explain', symptom });
    },
  });
  private readonly trials = new TrialsView({
    prescribe: () => {
      this.send({ type: 'command', command: 'prescribeRun' });
    },
    stop: () => {
      this.send({ type: 'command', command: 'stop' });
    },
    explain: (remedy) => {
      this.send({ type: 'explainRemedy', remedy });
    },
    apply: (trial) => {
      if (this.selected !== undefined) this.send({ type: 'apply', id: this.selected, trial });
    },
    openAsNotebook: (trial) => {
      if (this.selected !== undefined) this.send({ type: 'notebook', id: this.selected, trial });
    },
    request: (trial) => {
      if (this.selected !== undefined) this.send({ type: 'curves', id: this.selected, trial });
    },
    curvesChanged: () => {
      const view = this.view();
      if (view) for (const card of this.trialCards) card.show(view, this.steps.step, this.layer);
    },
    save: (file) => {
      this.send({ type: 'save', ...file });
    },
    exportRun: () => {
      this.send({ type: 'command', command: 'exportRun' });
    },
  });
  private readonly steps = new StepControl(() => {
    const { step } = this.steps;
    this.list.showValues(this.valueAt(step));
    for (const card of [...this.cards, ...this.trialCards]) card.moveTo(step, this.layer);
  });
  private readonly list = new LayerList({
    select: (layer) => {
      this.pick(layer);
    },
    hide: (hidden) => {
      this.hidden = hidden;
      this.show();
    },
    freeze: (layer, frozen) => {
      this.send({ type: 'freeze', layer, frozen });
    },
    reveal: (layer) => {
      this.send({ type: 'source', layer });
    },
  });
  private readonly cards: readonly FigureCard[];
  private readonly trialCards: readonly FigureCard[];
  private readonly empty = element(
    'section',
    { class: 'welcome' },
    element('h1', {}, t('See where your gradients go')),
    element(
      'p',
      {},
      t('Diagnose an ONNX model: it is trained for a few steps while the gradient of every layer is measured.'),
    ),
    element(
      'div',
      { class: 'welcome-actions' },
      textButton(
        t('Diagnose a model…'),
        () => {
          this.send({ type: 'command', command: 'diagnose' });
        },
        'primary',
      ),
      textButton(t('Try the sample'), () => {
        this.send({ type: 'command', command: 'diagnoseSample' });
      }),
    ),
  );
  private readonly content: HTMLElement;

  constructor(
    private readonly host: Host,
    page: HTMLElement,
  ) {
    const kept = host.getState();
    this.compared = kept?.compared ?? [];
    this.choices = { ...kept?.choices };
    this.cards = cardDefinitions().map((definition) => this.card(definition));
    this.trialCards = [
      this.card({
        id: 'trial-loss',
        along: 'step',
        figure: (view) => this.trials.curves && trialLoss(this.trials.curves, view),
      }),
      this.card({
        id: 'trial-gradients',
        along: 'layer',
        figure: (view) => this.trials.curves && trialGradients(this.trials.curves, view),
      }),
    ];
    this.trials.charts.append(...this.trialCards.map((card) => card.element));
    this.content = element(
      'div',
      { class: 'content' },
      this.header.element,
      this.verdict.element,
      this.trials.element,
      this.cards[0]!.element,
      element('div', { class: 'cards' }, ...this.cards.slice(1).map((card) => card.element)),
      this.list.element,
      this.steps.element,
    );
    this.content.hidden = true;
    page.append(element('main', {}, this.empty, this.content));
    watchTheme((theme) => {
      this.theme = theme;
      for (const card of [...this.cards, ...this.trialCards]) card.setTheme(theme);
      this.show();
    });
  }

  private card(definition: CardDefinition): FigureCard {
    return new FigureCard(
      definition,
      this.work,
      this.theme,
      {
        pick: ({ step, layer }) => {
          if (step !== undefined) this.steps.choose(step);
          if (layer !== undefined) this.pick(layer);
        },
        save: ({ name, content }) => {
          this.send({ type: 'save', name, content });
        },
        choose: (choice) => {
          this.choices[definition.id] = choice;
          this.keep();
        },
      },
      this.choices[definition.id],
    );
  }

  receive(message: HostToPanel): void {
    switch (message.type) {
      case 'hello':
        break;
      case 'runs':
        this.receiveRuns(message.runs, message.selected);
        break;
      case 'full':
      case 'delta':
      case 'clear':
        this.cache.receive(message);
        break;
      case 'search':
      case 'curves':
        this.trials.receive(message);
        break;
      case 'window':
        break;
      case 'compare':
        this.compared = message.ids.filter((id) => id !== this.selected);
        this.watch();
        this.show();
        this.keep();
        break;
      case 'show':
        if (message.isolate) this.showOnly(message.layers);
        else this.pick(message.layers[0], false);
        break;
      case 'frozen':
        this.frozen = new Set(message.layers);
        this.show();
    }
  }

  private receiveRuns(runs: readonly PanelRun[], selected: string | undefined): void {
    this.runs = runs;
    if (selected !== this.selected) {
      this.selected = selected;
      this.layer = undefined;
      this.hidden = new Set();
      this.steps.choose(undefined);
    }
    this.compared = this.compared.filter((id) => id !== selected && runs.some((run) => run.id === id));
    this.watch();
    this.show();
  }

  /** Asks for the rows of what is shown. */
  private watch(): void {
    const ids = this.shown();
    this.slots.update(ids);
    if (ids.join() === this.watched) return;
    this.watched = ids.join();
    this.send({ type: 'watch', ids });
  }

  private shown(): string[] {
    return this.selected === undefined ? [] : [this.selected, ...this.compared].slice(0, comparedRuns);
  }

  private show(): void {
    const run = this.runs.find(({ id }) => id === this.selected);
    this.empty.hidden = run !== undefined;
    this.content.hidden = run === undefined;
    if (!run) return;
    const cached = this.cache.get(run.id);
    const planned = cached?.header.settings.steps;
    this.header.show({
      runs: this.runs,
      shown: this.shown(),
      header: cached?.header,
      slots: this.slots,
      theme: this.theme.kind,
    });
    this.verdict.show(verdictOf(run, planned, t));
    const sick = run.findings.some(({ severity }) => severity !== 'information');
    const busy = this.runs.some(({ end }) => end === undefined);
    this.trials.show({ id: run.id, name: run.name, treatable: sick && !busy });
    if (!cached) return;
    const { series } = cached;
    this.steps.show(series.steps, series.length);
    if (run.end && this.placed !== run.id) {
      this.placed = run.id;
      const telling = series.lastFinite();
      if (telling < series.lastStep) this.steps.choose(telling);
    }
    const step = this.steps.step;
    this.list.show({
      layers: series.layout.layers,
      theme: this.theme.kind,
      selected: this.layer,
      hidden: this.hidden,
      frozen: this.frozen,
      health: healthByLayer(
        run.findings.map(({ layers, severity, ...rest }) => ({ ...rest, layers, severity, value: 0, threshold: 0 })),
      ),
      value: this.valueAt(step),
    });
    const view = this.view();
    if (view) for (const card of [...this.cards, ...this.trialCards]) card.show(view, step, this.layer);
  }

  private view(): View | undefined {
    const shown = this.shown();
    const names = distinctNames(this.runs.filter(({ id }) => shown.includes(id)));
    const runs = shown.flatMap((id): ShownRun[] => {
      const cached = this.cache.get(id);
      const name = names.get(id);
      return cached && name !== undefined
        ? [{ name, series: cached.series, color: runColor(this.slots.of(id), this.theme.kind) }]
        : [];
    });
    const [first, ...others] = runs;
    if (!first || first.series.length === 0) return undefined;
    const { layers } = first.series.layout;
    const selected = layers.findIndex(({ name }) => name === this.layer);
    return {
      runs: [first, ...others],
      layers: layers.flatMap(({ name }, index) => (this.hidden.has(name) ? [] : [index])),
      layer: selected < 0 ? undefined : selected,
      theme: this.theme.kind,
      t,
    };
  }

  private valueAt(step: number): (layer: number) => number | undefined {
    const series = this.selected === undefined ? undefined : this.cache.get(this.selected)?.series;
    const index = series?.indexOf(step) ?? -1;
    return (layer) => {
      const quantity = (['weightGradient', 'activationGradient'] as const).find((each) => series?.has(each, layer));
      return series && quantity && index >= 0 ? series.at(quantity, layer, index) : undefined;
    };
  }

  private pick(layer: string | undefined, tell = true): void {
    this.layer = layer;
    if (layer !== undefined && tell) this.send({ type: 'layer', layer });
    this.show();
  }

  private showOnly(names: readonly string[]): void {
    const layers =
      (this.selected === undefined ? undefined : this.cache.get(this.selected)?.series.layout.layers) ?? [];
    const kept = new Set(names);
    this.hidden = new Set(layers.map(({ name }) => name).filter((name) => kept.size > 0 && !kept.has(name)));
    this.layer = names[0];
    this.show();
  }

  private keep(): void {
    this.host.setState({ compared: this.compared, choices: this.choices });
  }

  private send(message: PanelToHost): void {
    this.host.postMessage(message);
  }
}

registerWidgets();
const host = acquireVsCodeApi();
let panel: Panel | undefined;
window.addEventListener('message', ({ data }: MessageEvent<HostToPanel>) => {
  // Texts come first: everything else is made of them.
  if (data.type === 'hello' && !panel) {
    setTexts(data.texts);
    document.documentElement.lang = data.language;
    panel = new Panel(host, document.body);
  }
  panel?.receive(data);
});
host.postMessage({ type: 'ready' });
