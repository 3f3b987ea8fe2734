import { Chart, LinearScale, LogarithmicScale, ScatterController, type ChartOptions, type Plugin } from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import type { Rgb } from './colors';
import { nearestIndex } from './decimate';
import { paintHeatMap, palette } from './draw-heat-map';
import { drawLine, type Area } from './draw-lines';
import { figureLines, type Axis, type Figure, type Line } from './figure';
import { shortName } from './figures';
import { axisTicks, placed } from './log-axis';
import { project, unproject } from './projection';
import { legendLines } from './svg';
import type { FrameWork, Task } from './frame-work';
import type { Theme } from './theme';

Chart.register(ScatterController, LinearScale, LogarithmicScale, zoomPlugin);

/** What the pointer is over. */
export interface Spot {
  /** Position on the x axis: a step, a time, the place of a layer. */
  x: number;
  value: number;
  /** Index of the line, or of the row of a heat map. */
  line: number;
}

export interface ChartEvents {
  hover(spot: Spot | undefined): void;
  pick(spot: Spot): void;
  /** The user zoomed, moved, or went back to the whole. */
  zoomed(zoomed: boolean): void;
}

export interface Emphasis {
  /** A vertical line at this x. */
  cursor?: number;
  /** The line or row to point out. */
  line?: number;
}

interface LegendEntry {
  line: Line;
  text: string;
  x: number;
  y: number;
}

/** Rows of a legend in a picture of this width, in CSS pixels. */
function placeLegend(
  lines: readonly Line[],
  width: number,
  measure: (text: string) => number,
): { entries: LegendEntry[]; height: number } {
  const entries: LegendEntry[] = [];
  let [x, y] = [8, 8];
  for (const line of lines) {
    const text = shortName(line.label, 28);
    const needed = 38 + measure(text);
    if (x > 8 && x + needed > width) [x, y] = [8, y + 18];
    entries.push({ line, text, x, y });
    x += needed;
  }
  return { entries, height: lines.length > 0 ? y + 10 : 0 };
}

/** The part of an axis that is shown, and in which rectangle a picture of it was painted. */
interface Painted {
  canvas: HTMLCanvasElement;
  x: Axis;
  y: Axis;
}

type Bounds = readonly [min: number, max: number];

/**
 * One figure on a canvas. Chart.js draws the axes, and zooms and pans; the data are painted from columns of numbers
 * into a picture of their own, in pieces between frames, because hundreds of lines of thousands of points are more than
 * a chart of objects can take.
 */
export class ChartView {
  private chart!: Chart<'scatter'>;
  private figure: Figure;
  private emphasis: Emphasis = {};
  private painted: Painted | undefined;
  private task: Task | undefined;
  private outdated: 'no' | 'data' | 'view' = 'view';
  /** For what moves with the pointer and the step, so that the chart below need not be drawn again. */
  private readonly overlay = document.createElement('canvas');
  private pressedAt = { x: 0, y: 0 };
  private view: { x?: Bounds; y?: Bounds } = {};

  constructor(
    private readonly canvas: HTMLCanvasElement,
    figure: Figure,
    private readonly work: FrameWork,
    private theme: Theme,
    private readonly events: ChartEvents,
  ) {
    this.figure = figure;
    // The chart draws for the first time while it is made.
    this.chart = new Chart(canvas, {
      type: 'scatter',
      data: { datasets: [] },
      options: this.options(),
      plugins: [this.painter()],
    });
    this.overlay.classList.add('overlay');
    this.overlay.setAttribute('aria-hidden', 'true');
    canvas.after(this.overlay);
    canvas.addEventListener('pointermove', this.pointed);
    canvas.addEventListener('pointerdown', this.pressed);
    canvas.addEventListener('pointerleave', this.left);
    canvas.addEventListener('click', this.clicked);
  }

  /** Shows another state of the figure; what the user zoomed to stays. */
  show(figure: Figure, emphasis: Emphasis = this.emphasis): void {
    this.figure = figure;
    this.emphasis = emphasis;
    if (this.outdated === 'no') this.outdated = 'data';
    this.chart.options = this.options();
    this.chart.update('none');
  }

  emphasize(emphasis: Emphasis): void {
    if (emphasis.cursor === this.emphasis.cursor && emphasis.line === this.emphasis.line) return;
    this.emphasis = emphasis;
    this.drawEmphasis();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.outdated = 'view';
    this.show(this.figure);
  }

  /** @param factor above 1 shows less, larger */
  zoom(factor: number): void {
    this.chart.zoom(factor, 'none');
    this.remember();
  }

  /** @param share of the visible width, to the right where positive */
  pan(share: number): void {
    this.chart.pan({ x: -share * this.chart.chartArea.width, y: 0 }, undefined, 'none');
    this.remember();
  }

  resetZoom(): void {
    this.view = {};
    this.outdated = 'view';
    this.show(this.figure);
    this.events.zoomed(false);
  }

  /** The picture as it is on screen, with title and legend, on the background of the theme. */
  toPng(): Promise<Blob | undefined> {
    const copy = document.createElement('canvas');
    const scale = this.canvas.width / this.canvas.clientWidth;
    const g = copy.getContext('2d')!;
    const { family, size } = this.theme.font;
    const legendFont = `${size - 2}px ${family}`;
    g.font = legendFont;
    const legend = placeLegend(legendLines(this.figure), this.canvas.clientWidth, (text) => g.measureText(text).width);
    const top = 30 + legend.height;
    copy.width = this.canvas.width;
    copy.height = this.canvas.height + Math.round(top * scale);
    g.fillStyle = this.theme.background;
    g.fillRect(0, 0, copy.width, copy.height);
    g.drawImage(this.canvas, 0, copy.height - this.canvas.height);
    g.scale(scale, scale);
    g.fillStyle = this.theme.foreground;
    g.font = `600 ${size}px ${family}`;
    g.fillText(this.figure.title, 8, 20);
    g.font = legendFont;
    g.lineWidth = 2;
    for (const { line, text, x, y } of legend.entries) {
      g.strokeStyle = line.color;
      g.setLineDash(line.dash ?? []);
      g.beginPath();
      g.moveTo(x, 30 + y);
      g.lineTo(x + 18, 30 + y);
      g.stroke();
      g.fillStyle = this.theme.muted;
      g.fillText(text, x + 23, 34 + y);
    }
    return new Promise((resolve) => {
      copy.toBlob((blob) => {
        resolve(blob ?? undefined);
      });
    });
  }

  destroy(): void {
    this.task?.cancel();
    this.overlay.remove();
    this.chart.destroy();
  }

  /** The axes as they are shown now, zoomed or not. */
  private shown(): { x: Axis; y: Axis; area: Area } {
    const { left, top, width, height } = this.chart.chartArea;
    const { x, y } = this.chart.scales;
    return {
      x: { ...this.figure.x, min: x!.min, max: x!.max },
      y: { ...this.figure.y, min: y!.min, max: y!.max },
      area: { left, top, width, height },
    };
  }

  private remember(): void {
    const { x, y } = this.chart.scales;
    this.view = { x: [x!.min, x!.max], y: [y!.min, y!.max] };
    this.outdated = 'view';
    this.chart.draw();
    this.events.zoomed(true);
  }

  private painter(): Plugin<'scatter'> {
    return {
      id: 'painter',
      beforeInit: (chart) => {
        this.chart = chart;
      },
      beforeDatasetsDraw: () => {
        this.repaint();
        this.showPainting();
        this.drawGuides();
      },
      afterDatasetsDraw: () => {
        this.drawEmphasis();
      },
      resize: () => {
        this.outdated = 'view';
      },
    };
  }

  /** Begins a new painting where the present one is out of date; the present one stays until then. */
  private repaint(): void {
    if (this.outdated === 'no') return;
    // A painting of newer data waits for the present one, or a run that goes on would never be painted.
    if (this.task && this.outdated === 'data') return;
    const { x, y, area } = this.shown();
    if (area.width < 2 || area.height < 2) return;
    this.outdated = 'no';
    this.task?.cancel();
    const ratio = this.chart.currentDevicePixelRatio;
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(area.width * ratio);
    canvas.height = Math.round(area.height * ratio);
    this.task = this.work.start(this.paint(canvas, x, y, area, ratio), () => {
      this.task = undefined;
      this.painted = { canvas, x, y };
      this.chart.draw();
    });
  }

  private *paint(canvas: HTMLCanvasElement, x: Axis, y: Axis, area: Area, ratio: number): Generator<void> {
    const g = canvas.getContext('2d')!;
    const { figure } = this;
    if (figure.kind === 'heat-map') {
      const image = g.createImageData(canvas.width, canvas.height);
      const colors = palette(heatMapColors(this.theme));
      yield* paintHeatMap(figure, x, y, image.data, canvas.width, canvas.height, colors);
      g.putImageData(image, 0, 0);
      return;
    }
    g.scale(ratio, ratio);
    const frame = { area: { ...area, left: 0, top: 0 }, x };
    const crowd = figure.lines.length > 8;
    let drawn = 0;
    for (const [axis, lines] of [
      [y, figure.lines] as const,
      [figure.right?.axis ?? y, figure.right?.lines ?? []] as const,
    ])
      for (const line of lines) {
        drawLine(
          g,
          line,
          { ...frame, y: axis },
          { color: line.color, width: line.width ?? 1.25, alpha: crowd ? 0.8 : 1 },
        );
        if (++drawn % linesAtATime === 0) rasterize(canvas);
        yield;
      }
  }

  /** A painting of another part of the axes is stretched to where it belongs until the right one is there. */
  private showPainting(): void {
    if (!this.painted) return;
    const { x, y, area } = this.shown();
    const horizontal = project(x, area.left, area.left + area.width);
    const vertical = project(y, ...verticalEnds(y, area));
    const { canvas, x: px, y: py } = this.painted;
    const [left, right] = [horizontal(px.min), horizontal(px.max)];
    const [top, bottom] = [vertical(py.min), vertical(py.max)].sort((a, b) => a - b) as [number, number];
    const g = this.chart.ctx;
    g.save();
    g.beginPath();
    g.rect(area.left, area.top, area.width, area.height);
    g.clip();
    g.imageSmoothingEnabled = this.figure.kind === 'lines';
    g.drawImage(canvas, left, top, right - left, bottom - top);
    g.restore();
  }

  private drawEmphasis(): void {
    const { width, height, currentDevicePixelRatio: ratio } = this.chart;
    // Setting the size clears it.
    this.overlay.width = width * ratio;
    this.overlay.height = height * ratio;
    const g = this.overlay.getContext('2d')!;
    const { x, y, area } = this.shown();
    g.scale(ratio, ratio);
    g.save();
    g.beginPath();
    g.rect(area.left, area.top, area.width, area.height);
    g.clip();
    const { cursor, line } = this.emphasis;
    if (line !== undefined) this.drawEmphasized(g, line, x, y, area);
    if (cursor !== undefined) {
      const place = Math.round(project(x, area.left, area.left + area.width)(cursor)) + 0.5;
      g.strokeStyle = this.theme.foreground;
      g.lineWidth = 1;
      g.setLineDash([3, 3]);
      g.beginPath();
      g.moveTo(place, area.top);
      g.lineTo(place, area.top + area.height);
      g.stroke();
    }
    g.restore();
  }

  private drawGuides(): void {
    if (this.figure.kind !== 'lines') return;
    const { y, area } = this.shown();
    const vertical = project(y, ...verticalEnds(y, area));
    const g = this.chart.ctx;
    g.save();
    for (const { y: value, label } of this.figure.guides ?? [])
      if (value > y.min && value < y.max) this.drawGuide(g, vertical(value), label, area);
    g.restore();
  }

  private drawGuide(g: CanvasRenderingContext2D, place: number, label: string, area: Area): void {
    g.strokeStyle = this.theme.muted;
    g.lineWidth = 1;
    g.setLineDash([2, 4]);
    g.beginPath();
    g.moveTo(area.left, place);
    g.lineTo(area.left + area.width, place);
    g.stroke();
    g.setLineDash([]);
    g.font = `${this.theme.font.size - 2}px ${this.theme.font.family}`;
    g.textAlign = 'right';
    const right = area.left + area.width - 4;
    const { width } = g.measureText(label);
    g.fillStyle = this.theme.background;
    g.globalAlpha = 0.85;
    g.fillRect(right - width - 3, place - this.theme.font.size - 2, width + 6, this.theme.font.size);
    g.globalAlpha = 1;
    g.fillStyle = this.theme.foreground;
    g.fillText(label, right, place - 5);
  }

  private drawEmphasized(g: CanvasRenderingContext2D, index: number, x: Axis, y: Axis, area: Area): void {
    if (this.figure.kind === 'heat-map') {
      const vertical = project(y, ...verticalEnds(y, area));
      const [a, b] = [vertical(index - 0.5), vertical(index + 0.5)].sort((p, q) => p - q) as [number, number];
      g.strokeStyle = this.theme.foreground;
      g.lineWidth = 1.5;
      g.strokeRect(area.left + 1, a, area.width - 2, Math.max(2, b - a));
      return;
    }
    const line = figureLines(this.figure)[index];
    if (!line) return;
    const axis = index < this.figure.lines.length ? y : this.figure.right!.axis;
    // A line of the background around it lifts it out of the crowd.
    const width = (line.width ?? 1.25) + 1.25;
    drawLine(
      g,
      { ...line, points: undefined, dash: undefined },
      { area, x, y: axis },
      { color: this.theme.background, width: width + 3, alpha: 0.9 },
    );
    drawLine(g, line, { area, x, y: axis }, { color: line.color, width, alpha: 1 });
  }

  private readonly pointed = (event: PointerEvent): void => {
    this.events.hover(this.spotAt(event));
  };

  private readonly left = (): void => {
    this.events.hover(undefined);
  };

  private readonly pressed = ({ offsetX, offsetY }: PointerEvent): void => {
    this.pressedAt = { x: offsetX, y: offsetY };
  };

  private readonly clicked = (event: MouseEvent): void => {
    // The end of a drag is no click.
    if (Math.hypot(event.offsetX - this.pressedAt.x, event.offsetY - this.pressedAt.y) > 4) return;
    const spot = this.spotAt(event);
    if (spot) this.events.pick(spot);
  };

  private spotAt({ offsetX, offsetY }: MouseEvent): Spot | undefined {
    const { x, y, area } = this.shown();
    const inside =
      offsetX >= area.left - 4 &&
      offsetX <= area.left + area.width + 4 &&
      offsetY >= area.top - 4 &&
      offsetY <= area.top + area.height + 4;
    if (!inside) return undefined;
    const at = unproject(x, area.left, area.left + area.width)(offsetX);
    if (this.figure.kind === 'heat-map') {
      const row = Math.round(unproject(y, ...verticalEnds(y, area))(offsetY));
      const series = this.figure.rows[row];
      if (!series) return undefined;
      const index = nearestIndex(series.x, series.length, Math.floor(at));
      return index < 0 ? undefined : { x: series.x[index]!, value: series.y[index]!, line: row };
    }
    return (
      this.nearestLine(this.figure.lines, 0, at, offsetY, y, area) ??
      (this.figure.right
        ? this.nearestLine(this.figure.right.lines, this.figure.lines.length, at, offsetY, this.figure.right.axis, area)
        : undefined)
    );
  }

  private nearestLine(
    lines: readonly Line[],
    offset: number,
    x: number,
    pixel: number,
    axis: Axis,
    area: Area,
  ): Spot | undefined {
    const vertical = project(axis, ...verticalEnds(axis, area));
    let best: Spot | undefined;
    let distance = Infinity;
    lines.forEach((line, index) => {
      const point = nearestIndex(line.x, line.length, x);
      if (point < 0) return;
      const value = line.y[point]!;
      const far = Math.abs(vertical(placed(value, axis)) - pixel);
      if (far >= distance) return;
      distance = far;
      best = { x: line.x[point]!, value, line: offset + index };
    });
    return best;
  }

  private options(): ChartOptions<'scatter'> {
    const { figure, theme, view } = this;
    const heat = figure.kind === 'heat-map';
    const limits = (axis: Axis) => ({ min: axis.min, max: axis.max, ...(axis.names || heat ? { minRange: 2 } : {}) });
    const right = figure.kind === 'lines' ? figure.right : undefined;
    return {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      parsing: false,
      normalized: true,
      events: [],
      layout: { padding: { top: 4, right: 6 } },
      scales: {
        x: { ...this.scale(figure.x, view.x, 'x'), position: 'bottom' },
        y: { ...this.scale(figure.y, view.y, 'y'), position: 'left', reverse: figure.y.reverse ?? false },
        ...(right
          ? { right: { ...this.scale(right.axis, undefined, 'y'), position: 'right', grid: { display: false } } }
          : {}),
      },
      font: { family: theme.font.family, size: theme.font.size - 2 },
      plugins: {
        zoom: {
          limits: { x: limits(figure.x), y: limits(figure.y) },
          pan: { enabled: true, mode: heat ? 'xy' : 'x', onPanComplete: this.moved },
          zoom: {
            // Without a key the wheel scrolls the panel, as it should.
            wheel: { enabled: true, modifierKey: 'ctrl' },
            pinch: { enabled: true },
            mode: heat ? 'xy' : 'x',
            onZoomComplete: this.moved,
          },
        },
      },
    };
  }

  private readonly moved = (): void => {
    this.remember();
  };

  private scale(axis: Axis, view: Bounds | undefined, direction: 'x' | 'y'): Record<string, unknown> {
    const { theme } = this;
    const font = { family: theme.font.family, size: theme.font.size - 2 };
    return {
      type: axis.scale === 'log' ? 'logarithmic' : 'linear',
      min: view?.[0] ?? axis.min,
      max: view?.[1] ?? axis.max,
      title: { display: true, text: axis.label, color: theme.muted, font, padding: 2 },
      border: { color: theme.grid },
      grid: { color: theme.grid, tickLength: 4 },
      ticks: {
        color: theme.muted,
        font,
        autoSkip: false,
        maxRotation: 0,
        includeBounds: false,
        callback: (value: number, index: number, ticks: { label?: string }[]) => ticks[index]?.label ?? String(value),
      },
      afterBuildTicks: (scale: {
        min: number;
        max: number;
        width: number;
        height: number;
        chart: Chart;
        ticks: unknown[];
      }) => {
        const room =
          direction === 'x' ? scale.chart.width / (axis.names ? 100 : 64) : scale.chart.height / (axis.names ? 24 : 36);
        scale.ticks = axisTicks({ ...axis, min: scale.min, max: scale.max }, Math.max(2, Math.round(room))).map(
          ({ value, label }) => ({ value, label: axis.names ? shortName(label, 16) : label }),
        );
      },
    };
  }
}

/** Strokes are collected and put into pixels all at once when the picture is needed; so many at a time stay short. */
const linesAtATime = 12;

const scrap = (): CanvasRenderingContext2D => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  return canvas.getContext('2d')!;
};

/** Using a canvas as a picture makes the browser finish it. */
function rasterize(canvas: HTMLCanvasElement): void {
  scrap().drawImage(canvas, 0, 0);
}

const verticalEnds = (axis: Axis, { top, height }: Area): [number, number] =>
  axis.reverse ? [top, top + height] : [top + height, top];

/** What is not on the ramp stands out by hue: a zero is the absence of colour, NaN and infinity are alarms. */
export const heatMapColors = ({ kind }: Theme): { zero: Rgb; infinite: Rgb; nan: Rgb } => {
  const light = kind === 'light' || kind === 'high-contrast-light';
  return { zero: light ? [200, 200, 200] : [75, 75, 75], infinite: [224, 108, 24], nan: [229, 20, 60] };
};
