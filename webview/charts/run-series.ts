import { firstAtOrAbove } from './decimate';
import type { Series } from './figure';
import { emptyExtent, extend, union, type Extent } from './log-axis';
import {
  activationColumn,
  parameterColumn,
  parameterColumns,
  rowWidth,
  stepColumns,
  type StepColumn,
  type TelemetryLayout,
} from '../../extension/protocol/run';
import {
  quantities,
  unpackFloats,
  unpackIntegers,
  type Quantity,
  type StoredSeries,
} from '../../extension/protocol/stored-series';

export { quantities, type Quantity };

/** Rows of some steps: `steps.length` × `rowWidth(layout)`, row-major, steps ascending. */
export interface Sample {
  steps: ArrayLike<number>;
  rows: Float32Array;
}

/** Numbers that are appended to: one block of memory, doubled when it is full. */
class Column {
  values = new Float32Array(0);

  reserve(length: number): void {
    if (length <= this.values.length) return;
    const larger = new Float32Array(Math.max(length, this.values.length * 2, 64));
    larger.set(this.values);
    this.values = larger;
  }
}

/**
 * The telemetry of a run by column, as charts need it: the values of one quantity of one layer lie side by side.
 * Steps ascend but need not be consecutive: a long run comes sampled.
 */
export class RunSeries {
  /** Steps that are there in full. */
  length = 0;
  private stepNumbers = new Int32Array(0);
  private readonly ofStep: Readonly<Record<StepColumn, Column>>;
  private readonly ofLayer: Readonly<Record<Quantity, readonly Column[]>>;
  private readonly ofTime: readonly Column[];
  private readonly extents: Readonly<Record<Quantity, Extent[]>>;
  private readonly present: Readonly<Record<Quantity, Uint8Array>>;
  /** The first column of each parameter of a layer. */
  private readonly parametersOfLayer: readonly (readonly number[])[];

  constructor(readonly layout: TelemetryLayout) {
    const perLayer = <T>(make: () => T): Record<Quantity, T> =>
      Object.fromEntries(quantities.map((quantity) => [quantity, make()])) as Record<Quantity, T>;
    const count = layout.layers.length;
    this.ofStep = Object.fromEntries(stepColumns.map((name) => [name, new Column()])) as Record<StepColumn, Column>;
    this.ofLayer = perLayer(() => Array.from({ length: count }, () => new Column()));
    this.extents = perLayer(() => Array.from({ length: count }, emptyExtent));
    this.present = perLayer(() => new Uint8Array(count));
    this.ofTime = layout.throughTime.map(() => new Column());
    const columns = new Map(
      layout.parameters.map(({ name }, index) => [name, parameterColumn(layout, index, parameterColumns[0])]),
    );
    this.parametersOfLayer = layout.layers.map(({ parameters }) =>
      parameters.flatMap((name) => columns.get(name) ?? []),
    );
  }

  /** A run as a notebook stores it. */
  static of(layout: TelemetryLayout, { length, steps, ofStep, ofLayer, throughTime }: StoredSeries): RunSeries {
    const series = new RunSeries(layout);
    series.stepNumbers = unpackIntegers(steps);
    // A damaged file may promise more than it holds.
    series.length = Math.min(length, series.stepNumbers.length);
    for (const name of stepColumns)
      series.ofStep[name].values = sized(
        ofStep[name] === undefined ? new Float32Array(0) : unpackFloats(ofStep[name]),
        series.length,
      );
    for (const quantity of quantities)
      ofLayer[quantity]?.forEach((packed, layer) => {
        const column = series.ofLayer[quantity][layer];
        if (packed === null || !column) return;
        column.values = sized(unpackFloats(packed), series.length);
        series.present[quantity][layer] = 1;
        for (const value of column.values) extend(series.extents[quantity][layer]!, value);
      });
    throughTime.forEach((packed, index) => {
      const column = series.ofTime[index];
      if (column) column.values = sized(unpackFloats(packed), series.length * layout.throughTime[index]!.length);
    });
    return series;
  }

  /** Valid until the next append. */
  get steps(): Int32Array {
    return this.stepNumbers.subarray(0, this.length);
  }

  get lastStep(): number {
    return this.length > 0 ? this.stepNumbers[this.length - 1]! : -1;
  }

  /** The last step whose gradients are numbers, from which more can be read than from later ones; the last of all where none is. */
  lastFinite(): number {
    const { values } = this.ofStep.gradientNorm;
    for (let i = this.length - 1; i >= 0; i--) if (Number.isFinite(values[i]!)) return this.stepNumbers[i]!;
    return this.lastStep;
  }

  /** The index of the last sample at or before a step; -1 where there is none. */
  indexOf(step: number): number {
    return firstAtOrAbove(this.stepNumbers, this.length, step + 1) - 1;
  }

  stepSeries(column: StepColumn): Series {
    return { x: this.stepNumbers, y: this.ofStep[column].values, length: this.length };
  }

  layerSeries(quantity: Quantity, layer: number): Series {
    return { x: this.stepNumbers, y: this.ofLayer[quantity][layer]!.values, length: this.length };
  }

  at(quantity: Quantity, layer: number, index: number): number {
    return index < this.length ? (this.ofLayer[quantity][layer]!.values[index] ?? NaN) : NaN;
  }

  /** Whether the quantity exists for this layer: an activation has no weights, a linear layer no dead units. */
  has(quantity: Quantity, layer: number): boolean {
    return this.present[quantity][layer] === 1;
  }

  /** The layers for which the quantity exists, in the order of the forward pass. */
  layersWith(quantity: Quantity): number[] {
    return this.layout.layers.flatMap((_, layer) => (this.has(quantity, layer) ? [layer] : []));
  }

  /** Over all steps of the given layers. */
  extent(quantity: Quantity, layers: readonly number[]): Extent {
    return union(layers.map((layer) => this.extents[quantity][layer]!));
  }

  /** ‖∂L/∂h_t‖ at a sample of the recurrent layer at `index` of `layout.throughTime`; a view. */
  throughTime(index: number, sample: number): Float32Array {
    const { length } = this.layout.throughTime[index]!;
    return this.ofTime[index]!.values.subarray(sample * length, (sample + 1) * length);
  }

  /** Takes rows in, and yields now and then so that a long delivery need not block. */
  *append({ steps, rows }: Sample): Generator<void> {
    const added = steps.length;
    const end = this.length + added;
    if (end > this.stepNumbers.length) {
      const larger = new Int32Array(Math.max(end, this.stepNumbers.length * 2, 64));
      larger.set(this.steps);
      this.stepNumbers = larger;
    }
    this.stepNumbers.set(steps, this.length);
    const width = rowWidth(this.layout);
    const take = (column: Column, offset: number) => {
      column.reserve(end);
      for (let i = 0; i < added; i++) column.values[this.length + i] = rows[i * width + offset]!;
    };
    stepColumns.forEach((name, offset) => {
      take(this.ofStep[name], offset);
    });
    for (const [index, { offset, length }] of this.layout.throughTime.entries()) {
      const column = this.ofTime[index]!;
      column.reserve(end * length);
      for (let i = 0; i < added; i++)
        column.values.set(rows.subarray(i * width + offset, i * width + offset + length), (this.length + i) * length);
      yield;
    }
    for (let layer = 0; layer < this.layout.layers.length; layer++) {
      take(this.ofLayer.activationGradient[layer]!, activationColumn(layer, 'gradientRms'));
      for (const name of ['mean', 'std', 'zeroShare', 'saturatedShare', 'deadShare'] as const)
        take(this.ofLayer[name][layer]!, activationColumn(layer, name));
      this.takeParameters(layer, rows, width, added);
      this.measure(layer, rows, width, added);
      yield;
    }
    this.length = end;
  }

  /** Where nobody waits for a frame. */
  appendAtOnce(sample: Sample): void {
    const pieces = this.append(sample);
    while (!pieces.next().done);
  }

  /** Norms of several parameters are the norm of all their elements: squares add up (scaled, so that none is lost). */
  private takeParameters(layer: number, rows: Float32Array, width: number, added: number): void {
    const firsts = this.parametersOfLayer[layer]!;
    const gradients = this.ofLayer.weightGradient[layer]!;
    const ratios = this.ofLayer.updateRatio[layer]!;
    gradients.reserve(this.length + added);
    ratios.reserve(this.length + added);
    for (let i = 0; i < added; i++) {
      let gradient = 0;
      let weight = 0;
      let update = 0;
      let trained = 0;
      for (const first of firsts) {
        const column = i * width + first;
        // A frozen parameter has no gradient.
        if (Number.isNaN(rows[column + nonFinite]!)) continue;
        trained++;
        gradient = norm(gradient, rows[column + gradientNorm]!);
        weight = norm(weight, rows[column + weightNorm]!);
        update = norm(update, rows[column + updateNorm]!);
      }
      gradients.values[this.length + i] = trained > 0 ? gradient : NaN;
      ratios.values[this.length + i] = trained > 0 ? update / weight : NaN;
    }
  }

  /** Extents, and whether there is anything: NaN where nothing is non-finite means that the quantity does not exist. */
  private measure(layer: number, rows: Float32Array, width: number, added: number): void {
    for (const quantity of quantities) {
      const { values } = this.ofLayer[quantity][layer]!;
      const extent = this.extents[quantity][layer]!;
      const present = this.present[quantity];
      for (let i = 0; i < added; i++) {
        const value = values[this.length + i]!;
        extend(extent, value);
        if (present[layer] === 0 && (!Number.isNaN(value) || this.broke(quantity, layer, rows, i * width)))
          present[layer] = 1;
      }
    }
  }

  /** Whether a gradient that is NaN was computed, and is not finite. */
  private broke(quantity: Quantity, layer: number, rows: Float32Array, row: number): boolean {
    if (quantity === 'activationGradient') return rows[row + activationColumn(layer, 'gradientNonFinite')]! > 0;
    if (quantity !== 'weightGradient') return false;
    return this.parametersOfLayer[layer]!.some((first) => rows[row + first + nonFinite]! > 0);
  }
}

const [gradientNorm, nonFinite, weightNorm, updateNorm] = (
  ['gradientNorm', 'gradientNonFinite', 'weightNorm', 'updateNorm'] as const
).map((name) => parameterColumns.indexOf(name)) as [number, number, number, number];

/** NaN, which means "not measured", in the place of what is missing. */
function sized(values: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  if (values.length === length) return values;
  const all = new Float32Array(length).fill(NaN);
  all.set(values.subarray(0, length));
  return all;
}

/** √(a² + b²) without under- or overflow; almost always one of them is 0. */
const norm = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : Math.hypot(a, b));
