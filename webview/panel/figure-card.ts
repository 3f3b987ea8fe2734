import { ChartView, heatMapColors, type Spot } from '../charts/chart-view';
import { cssColor, depthColor, ramp } from '../charts/colors';
import { csvOfFigure, tableOf } from '../charts/csv';
import { figureLines, type Axis, type Figure, type Line } from '../charts/figure';
import { shortName, type View } from '../charts/figures';
import type { FrameWork } from '../charts/frame-work';
import { decadeLabel, markSymbols, type Mark } from '../charts/log-axis';
import { paper, svgOf } from '../charts/svg';
import type { Theme } from '../charts/theme';
import { DataTable } from '../ui/data-table';
import { element, setAttributes, swatch, uniqueId } from '../ui/dom';
import { t } from '../ui/l10n';
import { menu } from '../ui/menu';
import { dropdown, iconButton, setChoices, type Choice } from '../ui/widgets';
import { readableNumber } from '../../extension/panel/readable-number';

/** What a card shows; `choice` is what the user chose from `choices`. */
export interface CardDefinition {
  id: string;
  /** What lies along its x axis. */
  along: 'step' | 'layer' | 'time';
  /** Undefined where there is nothing of the kind. */
  figure(view: View, step: number, choice: string): Figure | undefined;
  /** What the user chooses from, and the heading that stands before the choice. */
  choices?: { label: string; heading: string; of: (view: View) => readonly Choice[] };
}

/** A thing to save. */
export interface Exported {
  name: string;
  content: Uint8Array | string;
}

export interface CardEvents {
  /** The user points at a step or a layer. */
  pick(pick: { step?: number; layer?: string }): void;
  save(file: Exported): void;
  choose(choice: string): void;
}

/** Up to so many lines are named in the legend. */
const legendLimit = 8;

/** A chart with its title, its tools, its legend and its table. */
export class FigureCard {
  readonly element: HTMLElement;
  private readonly title = element('h2', { attributes: { id: uniqueId('figure') } });
  private readonly canvas = element('canvas', { attributes: { role: 'img', 'aria-label': t('Chart') } });
  private readonly plot = element('div', { class: 'plot' }, this.canvas);
  private readonly legend = element('div', { class: 'legend' });
  private readonly readout = element('div', { class: 'readout', attributes: { 'aria-hidden': 'true' } });
  private readonly table = new DataTable();
  private readonly chooser;
  private readonly reset;
  private readonly tableButton;
  private chart: ChartView | undefined;
  private figure: Figure | undefined;
  private view: View | undefined;
  private step = 0;
  private layer: string | undefined;
  private onScreen = false;
  private stale = false;
  private waiting = false;
  private choice: string;

  constructor(
    private readonly definition: CardDefinition,
    private readonly work: FrameWork,
    private theme: Theme,
    private readonly events: CardEvents,
    choice = '',
  ) {
    this.choice = choice;
    this.chooser = definition.choices
      ? dropdown(definition.choices.label, [], '', (value) => {
          this.choice = value;
          events.choose(value);
          this.draw();
        })
      : undefined;
    this.reset = iconButton('reset', t('Show everything'), () => this.chart?.resetZoom());
    this.reset.disabled = true;
    this.tableButton = iconButton('table', t('Show the numbers'), () => {
      this.table.element.hidden = !this.table.element.hidden;
      this.tableButton.setAttribute('aria-pressed', String(!this.table.element.hidden));
      this.fillTable();
    });
    this.tableButton.setAttribute('aria-pressed', 'false');
    this.table.element.hidden = true;
    this.element = element(
      'section',
      {
        class: 'card',
        attributes: { 'aria-labelledby': this.title.id, 'data-figure': definition.id },
      },
      element(
        'header',
        {},
        this.title,
        this.chooser,
        element(
          'div',
          { class: 'tools', attributes: { role: 'toolbar', 'aria-label': t('Chart tools') } },
          iconButton('zoomIn', t('Zoom in'), () => this.chart?.zoom(1.5)),
          iconButton('zoomOut', t('Zoom out'), () => this.chart?.zoom(1 / 1.5)),
          this.reset,
          this.tableButton,
          menu(
            iconButton('export', t('Export'), () => undefined),
            [
              { label: t('PNG picture'), run: () => void this.exportPng() },
              {
                label: t('SVG picture'),
                run: () => {
                  this.exportSvg();
                },
              },
              {
                label: t('CSV table'),
                run: () => {
                  this.exportCsv();
                },
              },
            ],
          ),
        ),
      ),
      this.plot,
      element('footer', {}, this.legend, this.readout),
      this.table.element,
    );
    setAttributes(this.plot, {
      tabindex: 0,
      role: 'group',
      'aria-labelledby': this.title.id,
      'aria-description': t('Arrow keys move, plus and minus zoom, 0 shows everything.'),
    });
    this.plot.addEventListener('keydown', this.pressed);
    new IntersectionObserver(
      (entries) => {
        this.onScreen = entries.at(-1)!.isIntersecting;
        this.drawSoon();
      },
      { rootMargin: '100px' },
    ).observe(this.element);
  }

  /** Shows runs and layers, anew. Nothing is computed while the card is off screen. */
  show(view: View, step: number, layer: string | undefined): void {
    this.view = view;
    this.step = step;
    this.layer = layer;
    this.stale = true;
    this.drawSoon();
  }

  /** Moves to another step of the same runs. */
  moveTo(step: number, layer: string | undefined): void {
    this.step = step;
    this.layer = layer;
    if (this.definition.along === 'step' && !this.stale) this.chart?.emphasize(this.emphasis());
    else {
      this.stale = true;
      this.drawSoon();
    }
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.chart?.setTheme(theme);
  }

  /** Each card in its own piece of work: together they would hold up the page. */
  private drawSoon(): void {
    // An empty card takes no room, so that it is never on screen.
    const seen = this.onScreen || this.element.classList.contains('empty');
    if (this.waiting || !seen || !this.stale) return;
    this.waiting = true;
    this.work.start(
      [][Symbol.iterator](),
      () => {
        this.waiting = false;
        this.draw();
      },
      true,
    );
  }

  private draw(): void {
    const { view } = this;
    if (!view) return;
    this.stale = false;
    const choices = this.definition.choices?.of(view) ?? [];
    if (this.chooser) {
      if (!choices.some(({ value }) => value === this.choice)) this.choice = choices[0]?.value ?? '';
      setChoicesOf(this.chooser, choices, this.choice);
    }
    this.figure = this.definition.figure(view, this.step, this.choice);
    const empty =
      !this.figure || (this.figure.kind === 'lines' ? this.figure.lines.length : this.figure.rows.length) === 0;
    this.element.classList.toggle('empty', empty);
    if (!this.figure) return;
    const heading = this.definition.choices?.heading;
    const subject = this.figure.kind === 'lines' ? this.figure.subject : undefined;
    this.title.textContent = heading ? [heading, subject].filter(Boolean).join(' · ') : this.figure.title;
    this.canvas.setAttribute('aria-label', describe(this.figure));
    if (this.chart) this.chart.show(this.figure, this.emphasis());
    else {
      this.chart = new ChartView(this.canvas, this.figure, this.work, this.theme, {
        hover: (spot) => {
          this.hover(spot);
        },
        pick: (spot) => {
          this.events.pick(this.picked(spot));
        },
        zoomed: (zoomed) => {
          this.reset.disabled = !zoomed;
        },
      });
      this.chart.emphasize(this.emphasis());
    }
    this.drawLegend(this.figure, view);
    this.fillTable();
  }

  private fillTable(): void {
    if (!this.table.element.hidden && this.figure) this.table.show(tableOf(this.figure), this.figure.title);
  }

  private emphasis(): { cursor?: number; line?: number } {
    const { figure, layer } = this;
    if (!figure) return {};
    const layers = this.view!.runs[0].series.layout.layers;
    const line =
      layer === undefined || this.definition.along === 'layer'
        ? -1
        : figure.kind === 'heat-map'
          ? (figure.y.names?.indexOf(layer) ?? -1)
          : this.view!.runs.length === 1
            ? figureLines(figure).findIndex((one) => one.layer !== undefined && layers[one.layer]?.name === layer)
            : -1;
    const cursor =
      this.definition.along === 'step'
        ? this.step
        : this.definition.along === 'layer' && layer !== undefined
          ? figure.x.names?.indexOf(layer)
          : undefined;
    return { line: line < 0 ? undefined : line, cursor: cursor === -1 ? undefined : cursor };
  }

  private picked({ x, line }: Spot): { step?: number; layer?: string } {
    const figure = this.figure!;
    const step = this.definition.along === 'step' ? x : undefined;
    if (this.definition.along === 'layer') return { layer: figure.x.names?.[Math.round(x)] };
    if (figure.kind === 'heat-map') return { step, layer: figure.y.names?.[line] };
    const layer = figureLines(figure)[line]?.layer;
    return { step, layer: layer === undefined ? undefined : this.view!.runs[0].series.layout.layers[layer]?.name };
  }

  private hover(spot: Spot | undefined): void {
    this.element.classList.toggle('hovering', spot !== undefined);
    const figure = this.figure;
    if (!figure) return;
    if (!spot) {
      this.chart?.emphasize(this.emphasis());
      return;
    }
    const line = figure.kind === 'lines' ? figureLines(figure)[spot.line]! : undefined;
    const name = line ? line.label : (figure.y.names?.[spot.line] ?? `${figure.y.label} ${spot.line}`);
    const place = figure.x.names?.[Math.round(spot.x)] ?? `${figure.x.label} ${readableNumber(spot.x)}`;
    const value = readableNumber(spot.value);
    this.readout.replaceChildren(
      ...(line ? [swatch(line.color)] : []),
      element('span', { class: 'readout-name' }, `${name} · ${place}`),
      element('strong', {}, value),
    );
    if (this.definition.along !== 'layer') this.chart?.emphasize({ ...this.emphasis(), line: spot.line });
  }

  private drawLegend(figure: Figure, view: View): void {
    const parts: Node[] = [];
    if (figure.kind === 'heat-map') parts.push(colorBar(figure.value));
    else {
      const lines = figureLines(figure);
      const byDepth =
        view.runs.length === 1 && lines.some(({ layer }) => layer !== undefined) && this.definition.along === 'step';
      if (byDepth) parts.push(depthBar(view));
      else if (view.runs.length > 1) parts.push(...legendOfRuns(lines, this.theme.foreground));
      else if (lines.length <= legendLimit)
        parts.push(...lines.map(({ label, color, dash }) => legendEntry(label, color, dash)));
    }
    const marks = figure.kind === 'heat-map' ? figure.value.marks : figure.y.marks;
    parts.push(...(marks ?? []).map((mark) => this.markEntry(mark, figure.kind === 'heat-map')));
    this.legend.replaceChildren(...parts);
  }

  private markEntry(mark: Mark, heat: boolean): HTMLElement {
    const text = { zero: t('exactly 0'), nan: 'NaN', infinite: t('infinite') }[mark];
    const colors = heatMapColors(this.theme);
    const sign = heat
      ? swatch(cssColor(colors[mark]))
      : element('span', { attributes: { 'aria-hidden': 'true' } }, markSymbols[mark]);
    return element('span', { class: 'legend-entry legend-mark' }, sign, text);
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.target !== this.plot || !this.chart) return;
    const { chart } = this;
    const actions: Readonly<Record<string, () => void>> = {
      '+': () => {
        chart.zoom(1.5);
      },
      '=': () => {
        chart.zoom(1.5);
      },
      '-': () => {
        chart.zoom(1 / 1.5);
      },
      '0': () => {
        chart.resetZoom();
      },
      ArrowLeft: () => {
        chart.pan(-0.1);
      },
      ArrowRight: () => {
        chart.pan(0.1);
      },
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };

  private fileName(extension: string): string {
    const words = `${this.view!.runs[0].name} ${this.figure!.title}`.replaceAll(/[^\p{Letter}\p{Number}.]+/gu, '-');
    return `${words.toLowerCase().replaceAll(/^-+|-+$/g, '')}.${extension}`;
  }

  private async exportPng(): Promise<void> {
    const picture = await this.chart?.toPng();
    if (picture) this.events.save({ name: this.fileName('png'), content: new Uint8Array(await picture.arrayBuffer()) });
  }

  private exportSvg(): void {
    if (!this.figure || !this.view) return;
    // Drawn anew for white paper, whatever the theme.
    const figure = this.definition.figure({ ...this.view, theme: 'light' }, this.step, this.choice)!;
    const rows = figure.kind === 'heat-map' ? figure.rows.length * 4 : 0;
    this.events.save({
      name: this.fileName('svg'),
      content: svgOf(figure, { ...paper, width: 960, height: Math.min(900, 420 + rows) }),
    });
  }

  private exportCsv(): void {
    if (this.figure) this.events.save({ name: this.fileName('csv'), content: csvOfFigure(this.figure) });
  }
}

function setChoicesOf(chooser: ReturnType<typeof dropdown>, choices: readonly Choice[], value: string): void {
  setChoices(chooser, choices, value);
  chooser.hidden = choices.length < 2;
}

function legendEntry(label: string, color: string, dash?: readonly number[]): HTMLElement {
  const line = element('span', { class: `legend-line${dash ? ' dashed' : ''}`, attributes: { 'aria-hidden': 'true' } });
  line.style.setProperty('border-top-color', color);
  return element('span', { class: 'legend-entry', attributes: { title: label } }, line, shortName(label, 32));
}

/** Colours tell the runs apart, and dashes what each line is of its run. */
function legendOfRuns(lines: readonly Line[], neutral: string): HTMLElement[] {
  const runs = new Map(lines.map(({ run, label, color }) => [run ?? label, color]));
  const styles = new Map(lines.flatMap(({ part, dash }) => (part === undefined ? [] : [[part, dash] as const])));
  return [
    ...[...runs].map(([run, color]) => legendEntry(run, color)),
    ...(styles.size > 1 ? [...styles].map(([part, dash]) => legendEntry(part, neutral, dash)) : []),
  ];
}

function bar(colors: readonly string[], from: string, to: string): HTMLElement {
  const strip = element('span', { class: 'bar', attributes: { 'aria-hidden': 'true' } });
  strip.style.setProperty('background-image', `linear-gradient(to right, ${colors.join(', ')})`);
  return element('span', { class: 'legend-entry' }, from, strip, to);
}

const depthBar = ({ theme }: View): HTMLElement =>
  bar(
    Array.from({ length: 9 }, (_, i) => depthColor(i, 9, theme)),
    t('input'),
    t('output'),
  );

const end = (axis: Axis, value: number): string => (axis.scale === 'log' ? decadeLabel(value) : readableNumber(value));

const colorBar = (axis: Axis): HTMLElement =>
  bar(
    Array.from({ length: 9 }, (_, i) => cssColor(ramp(i / 8))),
    end(axis, axis.min),
    end(axis, axis.max),
  );

/** What a screen reader says of the picture; the numbers are in the table. */
function describe(figure: Figure): string {
  const count = figure.kind === 'lines' ? figureLines(figure).length : figure.rows.length;
  const value = figure.kind === 'lines' ? figure.y : figure.value;
  return t(
    '{0}: {1} lines of {2} from {3} to {4} over {5}. The table of numbers is next to it.',
    figure.title,
    count,
    value.label,
    readableNumber(value.min),
    readableNumber(value.max),
    figure.x.label,
  );
}
