import { runColor } from '../charts/colors';
import type { ShownRun, View } from '../charts/figures';
import { RunSeries } from '../charts/run-series';
import type { Theme } from '../charts/theme';
import { cardDefinitions } from '../panel/cards';
import { FigureCard, type CardDefinition } from '../panel/figure-card';
import { StepControl } from '../panel/step-control';
import { element } from '../ui/dom';
import { t } from '../ui/l10n';
import { layoutOf, type RunOutput } from '../../extension/protocol/notebook-output';
import type { Surroundings } from './surroundings';

/** What is seen without asking for more. */
const first: ReadonlySet<string> = new Set(['profile', 'loss', 'through-time']);

/** The charts of one run, or of several on the same axes: those of the panel. */
export class RunCharts {
  readonly element: HTMLElement;
  private readonly cards: FigureCard[] = [];
  private readonly steps = new StepControl(() => {
    for (const card of this.cards) card.moveTo(this.steps.step, this.layer);
  });
  private layer: string | undefined;
  private runs: readonly { name: string; series: RunSeries }[] = [];

  /** @param picked is told the layer that the user clicks on in a chart */
  constructor(
    private readonly surroundings: Surroundings,
    private readonly picked: (layer: string) => void,
  ) {
    const definitions = cardDefinitions();
    const rest = element('div', { class: 'cards' });
    const more = element('details', { class: 'more' }, element('summary', {}, t('All charts')), rest);
    // Nobody waits for charts that are not open yet.
    more.addEventListener('toggle', () => {
      if (!more.open || rest.hasChildNodes()) return;
      rest.append(...this.make(definitions.filter(({ id }) => !first.has(id))));
      this.draw();
    });
    this.element = element(
      'div',
      { class: 'output' },
      element('div', { class: 'cards' }, ...this.make(definitions.filter(({ id }) => first.has(id)))),
      this.steps.element,
      more,
    );
  }

  private make(definitions: readonly CardDefinition[]): HTMLElement[] {
    const { work, theme, save } = this.surroundings;
    const made = definitions.map(
      (definition) =>
        new FigureCard(definition, work, theme, {
          pick: ({ step, layer }) => {
            if (layer !== undefined) this.layer = layer;
            if (step !== undefined) this.steps.choose(step);
            if (layer === undefined) return;
            this.draw();
            this.picked(layer);
          },
          save,
          choose: () => undefined,
        }),
    );
    this.cards.push(...made);
    return made.map((card) => card.element);
  }

  show(outputs: readonly RunOutput[]): void {
    this.runs = outputs.map((run) => ({ name: run.name, series: RunSeries.of(layoutOf(run), run.series) }));
    const longest = this.runs.map(({ series }) => series).sort((a, b) => b.length - a.length)[0];
    if (longest) this.steps.show(longest.steps, longest.length);
    this.draw();
  }

  /** Points a layer out. */
  pick(layer: string | undefined): void {
    this.layer = layer;
    this.draw();
  }

  setTheme(theme: Theme): void {
    for (const card of this.cards) card.setTheme(theme);
    this.draw();
  }

  private draw(): void {
    const { kind } = this.surroundings.theme;
    // Colours go by the order in which the cell names the runs: the same cell, the same colours.
    const [one, ...others] = this.runs.map(({ name, series }, slot): ShownRun => ({
      name,
      series,
      color: runColor(slot, kind),
    }));
    this.element.hidden = !one || one.series.length === 0;
    if (!one || one.series.length === 0) return;
    const { layers } = one.series.layout;
    const selected = layers.findIndex(({ name }) => name === this.layer);
    const view: View = {
      runs: [one, ...others],
      layers: layers.map((_, index) => index),
      layer: selected < 0 ? undefined : selected,
      theme: kind,
      t,
    };
    for (const card of this.cards) card.show(view, this.steps.step, this.layer);
  }
}
