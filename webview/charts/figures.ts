/** The charts of a run, and of several runs side by side. Texts are English here and translated by the caller. */
import { depthColor, runColor, type ThemeKind } from './colors';
import type { Axis, HeatMapFigure, Line, LineFigure, Series } from './figure';
import { emptyExtent, extend, linearBounds, logBounds, marksIn, union, type Extent } from './log-axis';
import type { Quantity, RunSeries } from './run-series';
import { recurrenceName, stepColumns, type StepColumn } from '../../extension/protocol/run';
import { text } from '../../extension/protocol/text';

/** A run as the charts show it. */
export interface ShownRun {
  name: string;
  series: RunSeries;
  /** Its colour among the runs compared. */
  color: string;
}

export interface View {
  /** The run the charts are about, then those compared with it. */
  runs: readonly [ShownRun, ...ShownRun[]];
  /** Indices of the layers shown, of the first run. */
  layers: readonly number[];
  /** The layer that runs are compared by. */
  layer?: number;
  theme: ThemeKind;
  /** Translates; places are {0}, {1}. */
  t: (text: string, ...values: (string | number)[]) => string;
}

interface QuantityText {
  title: string;
  axis: string;
  scale: 'linear' | 'log';
  within?: { min: number; max: number };
}

const share = { min: 0, max: 1 };
export const quantityTexts: Readonly<Record<Quantity, QuantityText>> = {
  weightGradient: { title: text('Gradient of the weights'), axis: text('norm of ∂L/∂w'), scale: 'log' },
  activationGradient: { title: text('Gradient of the activations'), axis: text('RMS of ∂L/∂a'), scale: 'log' },
  updateRatio: { title: text('Update against weight'), axis: text('norm of Δw / norm of w'), scale: 'log' },
  mean: { title: text('Mean of the activations'), axis: text('mean'), scale: 'linear' },
  std: { title: text('Standard deviation of the activations'), axis: text('standard deviation'), scale: 'log' },
  zeroShare: { title: text('Zeros in the activations'), axis: text('share of zeros'), scale: 'linear', within: share },
  saturatedShare: { title: text('Saturated units'), axis: text('share of outputs'), scale: 'linear', within: share },
  deadShare: { title: text('Dead units'), axis: text('share of units'), scale: 'linear', within: share },
};

/** The last parts of a dotted name, as many as fit. */
export function shortName(name: string, length = 18): string {
  if (name.length <= length) return name;
  const parts = name.split('.');
  let short = parts.pop()!;
  while (parts.length > 0 && short.length + parts.at(-1)!.length + 2 <= length) short = `${parts.pop()!}.${short}`;
  return `…${short.slice(-length)}`;
}

const stepAxis = (view: View, air = 0): Axis => {
  const lengths = view.runs.map(({ series }) => series).filter(({ length }) => length > 0);
  return {
    label: view.t('step'),
    scale: 'linear',
    min: Math.min(...lengths.map(({ steps }) => steps[0]!), Infinity) || 0,
    max: Math.max(...lengths.map(({ lastStep }) => lastStep), 1 - air) + air,
  };
};

export const valueAxis = (
  label: string,
  scale: Axis['scale'],
  extent: Extent,
  within?: QuantityText['within'],
): Axis => ({
  label,
  scale,
  ...(scale === 'log' ? logBounds(extent) : linearBounds(extent, within)),
  marks: marksIn(extent, scale),
});

export const extentOf = (series: readonly Series[]): Extent =>
  union(
    series.map(({ y, length }) => {
      const extent = emptyExtent();
      for (let i = 0; i < length; i++) extend(extent, y[i]!);
      return extent;
    }),
  );

/** The index in another run of a layer of the first; -1 where it has none of that name. */
const sameLayer = ({ layout }: RunSeries, name: string): number =>
  layout.layers.findIndex((layer) => layer.name === name);

/**
 * How the gradient fares on its way from the output to the input, at one step: norm against depth, weights solid and
 * activations dashed.
 */
export function depthProfile(view: View, step: number): LineFigure {
  const [first] = view.runs;
  const { layers } = first.series.layout;
  const alone = view.runs.length === 1;
  const index = new Map(view.layers.map((layer, place) => [layer, place]));
  const lines = view.runs.flatMap(({ name, series, color }, run) => {
    const sample = Math.max(0, series.indexOf(step));
    return (['weightGradient', 'activationGradient'] as const).flatMap((quantity): Line[] => {
      const points = view.layers.flatMap((layer) => {
        const own = run === 0 ? layer : sameLayer(series, layers[layer]!.name);
        return own >= 0 && series.has(quantity, own)
          ? [{ x: index.get(layer)!, y: series.at(quantity, own, sample), layer }]
          : [];
      });
      if (points.length === 0) return [];
      const part = view.t(quantity === 'weightGradient' ? 'weights' : 'activations');
      return [
        {
          label: alone ? part : view.t('{0}: {1}', name, part),
          ...(alone ? {} : { run: name, part }),
          color,
          x: points.map(({ x }) => x),
          y: points.map(({ y }) => y),
          length: points.length,
          width: 2,
          dash: quantity === 'activationGradient' ? [5, 4] : undefined,
          points: (point) => (alone ? depthColor(points[point]!.layer, layers.length, view.theme) : color),
        },
      ];
    });
  });
  // The axis stays where it is while the steps go by: it spans all of them.
  const extent = union(
    view.runs.flatMap(({ series }, run) =>
      (['weightGradient', 'activationGradient'] as const).map((quantity) =>
        series.extent(
          quantity,
          series.layersWith(quantity).filter((layer) => run > 0 || index.has(layer)),
        ),
      ),
    ),
  );
  return {
    kind: 'lines',
    title: view.t('Gradient by depth'),
    x: {
      label: view.t('layer, from input to output'),
      scale: 'linear',
      min: -0.5,
      max: Math.max(0.5, view.layers.length - 0.5),
      names: view.layers.map((layer) => layers[layer]!.name),
    },
    y: valueAxis(view.t('norm of the gradient'), 'log', extent),
    lines,
  };
}

/** One quantity of every layer over the steps; of several runs, that of the layer they are compared by. */
export function overSteps(view: View, quantity: Quantity): LineFigure {
  const { title, axis, scale, within } = quantityTexts[quantity];
  const [{ series }] = view.runs;
  const { layers } = series.layout;
  const lines: Line[] = [];
  const extents: Extent[] = [];
  let subject: string | undefined;
  if (view.runs.length > 1) {
    const compared = view.layer ?? view.layers.find((layer) => series.has(quantity, layer)) ?? 0;
    const { name } = layers[compared]!;
    subject = name;
    for (const run of view.runs) {
      const own = sameLayer(run.series, name);
      if (own < 0 || !run.series.has(quantity, own)) continue;
      lines.push({
        label: run.name,
        run: run.name,
        color: run.color,
        width: 2,
        ...run.series.layerSeries(quantity, own),
      });
      extents.push(run.series.extent(quantity, [own]));
    }
  } else
    for (const layer of view.layers) {
      if (!series.has(quantity, layer)) continue;
      const color = depthColor(layer, layers.length, view.theme);
      lines.push({ label: layers[layer]!.name, color, layer, ...series.layerSeries(quantity, layer) });
      extents.push(series.extent(quantity, [layer]));
    }
  return {
    kind: 'lines',
    title: subject === undefined ? view.t(title) : `${view.t(title)} · ${subject}`,
    subject,
    x: stepAxis(view),
    y: valueAxis(view.t(axis), scale, union(extents), within),
    lines,
    guides: quantity === 'updateRatio' ? [{ y: 1e-3, label: view.t('about 10⁻³ is healthy') }] : undefined,
  };
}

/** One quantity of every layer of the first run, layer × step. */
export function layerHeatMap(view: View, quantity: Quantity): HeatMapFigure {
  const { title, axis, scale, within } = quantityTexts[quantity];
  const [{ series }] = view.runs;
  const layers = view.layers.filter((layer) => series.has(quantity, layer));
  return {
    kind: 'heat-map',
    title: view.t('{0}, layer by layer', view.t(title)),
    x: stepAxis(view, 1),
    y: {
      label: view.t('layer'),
      scale: 'linear',
      min: -0.5,
      max: Math.max(0.5, layers.length - 0.5),
      names: layers.map((layer) => series.layout.layers[layer]!.name),
      reverse: true,
    },
    value: valueAxis(view.t(axis), scale, series.extent(quantity, layers), within),
    rows: layers.map((layer) => series.layerSeries(quantity, layer)),
  };
}

const known = ({ y, length }: Series): boolean => {
  for (let i = 0; i < length; i++) if (!Number.isNaN(y[i]!)) return true;
  return false;
};

/** Where a quantity is measured now and then, the steps at which it was. */
function measured(series: Series): Series {
  const at = Array.from({ length: series.length }, (_, i) => i).filter((i) => !Number.isNaN(series.y[i]!));
  return { x: at.map((i) => series.x[i]!), y: at.map((i) => series.y[i]!), length: at.length };
}

const oneColumn = (
  view: View,
  columns: readonly { column: StepColumn; label: string; dash?: readonly number[]; always?: boolean }[],
): Line[] =>
  view.runs.flatMap(({ name, series, color }) =>
    columns.flatMap(({ column, label, dash, always }) => {
      const values = series.stepSeries(column);
      if (!always && !known(values)) return [];
      const alone = view.runs.length === 1;
      const part = view.t(label);
      return [
        {
          label: alone ? part : view.t('{0}: {1}', name, part),
          ...(alone ? {} : { run: name, part }),
          color,
          dash,
          width: 2,
          ...(always ? values : measured(values)),
        },
      ];
    }),
  );

/** Log where the values span more than two decades and none is below zero. */
export const fittingScale = ({ min, max, minPositive }: Extent): Axis['scale'] =>
  min >= 0 && max > 100 * minPositive ? 'log' : 'linear';

/** The loss of each run, on held-out rows too where there are any; of a run alone, the learning rate beside it. */
export function lossAndLearningRate(view: View): LineFigure {
  const lines = oneColumn(view, [
    { column: 'loss', label: text('loss'), always: true },
    { column: 'validationLoss', label: text('validation loss'), dash: [5, 4] },
  ]);
  const extent = extentOf(lines);
  const figure: LineFigure = {
    kind: 'lines',
    title: view.t('Loss and learning rate'),
    x: stepAxis(view),
    y: valueAxis(view.t('loss'), fittingScale(extent), extent),
    lines,
  };
  const rates = oneColumn(view, [{ column: 'learningRate', label: text('learning rate'), dash: [2, 3] }]).map(
    (line) => ({
      ...line,
      color: view.runs.length === 1 ? runColor(1, view.theme) : line.color,
      width: 1.5,
    }),
  );
  if (rates.length > 0) {
    figure.right = { axis: { ...valueAxis(view.t('learning rate'), 'linear', extentOf(rates)), min: 0 }, lines: rates };
  }
  return figure;
}

/** Losses of runs of which nothing else is kept, such as trials. */
export function lossCurves(lines: readonly Line[], t: View['t']): LineFigure {
  const extent = extentOf(lines);
  const last = Math.max(1, ...lines.map(({ x, length }) => (length > 0 ? x[length - 1]! : 0)));
  return {
    kind: 'lines',
    title: t('Loss'),
    x: { label: t('step'), scale: 'linear', min: 0, max: last },
    y: valueAxis(t('loss'), fittingScale(extent), extent),
    lines,
  };
}

/** The gradient of the whole network, before and after clipping. */
export function wholeGradient(view: View): LineFigure {
  const clipped = view.runs.some(({ series }) => differ(series, 'gradientNorm', 'clippedGradientNorm'));
  const lines = oneColumn(view, [
    { column: 'gradientNorm', label: text(clipped ? 'before clipping' : 'norm'), always: true },
    ...(clipped ? [{ column: 'clippedGradientNorm', label: text('after clipping'), dash: [5, 4] } as const] : []),
  ]);
  return {
    kind: 'lines',
    title: view.t('Gradient of the whole network'),
    x: stepAxis(view),
    y: valueAxis(view.t('norm of the gradient'), 'log', extentOf(lines)),
    lines,
  };
}

function differ(series: RunSeries, a: StepColumn, b: StepColumn): boolean {
  const [left, right] = [series.stepSeries(a), series.stepSeries(b)];
  for (let i = 0; i < left.length; i++)
    if (!Number.isNaN(right.y[i]!) && Math.abs(left.y[i]! - right.y[i]!) > 1e-6 * left.y[i]!) return true;
  return false;
}

/** ‖∂L/∂h_t‖ of every recurrent layer over time t, at one step. */
export function throughTimeCurve(view: View, step: number): LineFigure {
  const lines = view.runs.flatMap(({ name, series, color }) =>
    series.layout.throughTime.map((columns, index): Line => {
      const { layer, length } = columns;
      const label = recurrenceName(columns);
      const place = series.layout.layers.findIndex((other) => other.name === layer);
      return {
        label: view.runs.length > 1 ? view.t('{0}: {1}', name, label) : label,
        color: view.runs.length > 1 ? color : depthColor(index, series.layout.throughTime.length, view.theme),
        layer: place < 0 ? undefined : place,
        x: Array.from({ length }, (_, t) => t),
        y: series.length > 0 ? series.throughTime(index, Math.max(0, series.indexOf(step))) : [],
        length: series.length > 0 ? length : 0,
        width: 2,
      };
    }),
  );
  return {
    kind: 'lines',
    title: view.t('Gradient through time'),
    x: { label: view.t('time t'), scale: 'linear', min: 0, max: Math.max(1, ...lines.map(({ length }) => length - 1)) },
    y: valueAxis(view.t('norm of ∂L/∂h(t)'), 'log', extentOf(lines)),
    lines,
  };
}

/** ‖∂L/∂h_t‖ of a recurrent layer of the first run, t × step. @param index of `layout.throughTime` */
export function throughTimeHeatMap(view: View, index: number): HeatMapFigure {
  const [{ series }] = view.runs;
  const recurrence = series.layout.throughTime[index]!;
  const { length } = recurrence;
  const columns = Array.from({ length }, () => new Float32Array(series.length));
  for (let sample = 0; sample < series.length; sample++)
    series.throughTime(index, sample).forEach((value, t) => {
      columns[t]![sample] = value;
    });
  const rows = columns.map((y): Series => ({ x: series.steps, y, length: series.length }));
  return {
    kind: 'heat-map',
    title: view.t('Gradient through time · {0}', recurrenceName(recurrence)),
    x: stepAxis(view, 1),
    y: { label: view.t('time t'), scale: 'linear', min: -0.5, max: Math.max(0.5, length - 0.5) },
    value: valueAxis(view.t('norm of ∂L/∂h(t)'), 'log', extentOf(rows)),
    rows,
  };
}

/** The values of one step, as the columns of a row name them. */
export const stepValues = (series: RunSeries, index: number): Readonly<Record<StepColumn, number>> =>
  Object.fromEntries(stepColumns.map((name) => [name, series.stepSeries(name).y[index] ?? NaN])) as Record<
    StepColumn,
    number
  >;
