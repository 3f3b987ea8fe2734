/** What leaves the graph at every step, and the row of numbers that it becomes; protocol/run.ts says which column means what. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { producers, type Graph } from '../onnx/graph';
import { sizeOf } from '../onnx/tensor';
import {
  activationColumns,
  parameterColumns,
  fixedWidth,
  rowWidth,
  stepColumns,
  type TelemetryLayout,
} from '../protocol/run';
import { activationKind, countFiring, countSaturated, unitAxis } from './activation-statistics';
import { doubts, readMagnitudes, readMoments, readNorm, readNumber, type Doubt, type Measurements } from './magnitudes';
import type { StepLoop } from './step-loop';
import { doubtsThroughTime } from './through-time';

export interface ObservedLayer {
  activation: Value;
  /** Whether the loss depends on it, so that it has a gradient. */
  hasGradient: boolean;
}

export interface ObservedParameter {
  trained: boolean;
  /** Whether the optimizer moves it: it is trained, and the loss depends on it. */
  moved: boolean;
  /** Before the first step. */
  norm: number;
}

/** A count of elements of an activation or of its units: a single number. */
export interface UnitCount {
  column: 'zeroShare' | 'saturatedShare' | 'deadShare';
  layer: number;
  value: Value;
  /** The share that it stands for. */
  share: (count: number) => number;
}

/**
 * What the units of activation functions do. Which have fired is carried through `loop`.
 * @param forward the graph that the layers are in
 */
export function unitCounts(loop: StepLoop, forward: Graph, layers: readonly ObservedLayer[]): UnitCount[] {
  const { g } = loop;
  const made = producers(forward);
  return layers.flatMap(({ activation }, layer): UnitCount[] => {
    const kind = activationKind(made.get(activation.name), forward);
    if (!kind) return [];
    const size = sizeOf(activation.shape);
    if (kind !== 'rectifier') {
      const value = countSaturated(g, activation, kind);
      return [{ column: 'saturatedShare', layer, value, share: (count) => count / size }];
    }
    const axis = unitAxis(made, activation);
    const units = activation.shape[axis]!;
    const before = loop.carryZeros(`${activation.name}/fired`, { dtype: 'float32', shape: [1, units] });
    const { firing, dead, fired } = countFiring(g, activation, axis, before);
    loop.next(before, fired);
    return [
      { column: 'zeroShare', layer, value: firing, share: (count) => 1 - count / size },
      { column: 'deadShare', layer, value: dead, share: (count) => count / units },
    ];
  });
}

/** Vectors and scalars that leave the graph in one row, by name. */
export class RawRow {
  private readonly parts: Value[] = [];
  private readonly offsets = new Map<string, number>();
  private end = 0;

  add(name: string, g: GraphBuilder, value: Value): void {
    const length = sizeOf(value.shape);
    this.parts.push(g.reshape(g.cast(value, 'float32'), [length]));
    this.offsets.set(name, this.end);
    this.end += length;
  }

  /** Where in the row something begins; undefined where it is not in it. */
  offset(name: string): number | undefined {
    return this.offsets.get(name);
  }

  get width(): number {
    return this.end;
  }

  close(g: GraphBuilder): Value {
    return g.concat(this.parts, 0);
  }
}

/** What a row is read from. */
export interface RowContents {
  raw: RawRow;
  layout: TelemetryLayout;
  layers: readonly ObservedLayer[];
  counts: readonly UnitCount[];
  parameters: readonly ObservedParameter[];
  /** Activations, numbers, and gradients: of the parameters that are moved, then of the layers that have one. */
  measured: Measurements;
  /** Norms of the weights after the step, then of the steps where they do not follow from those of the gradients. */
  moved: Measurements;
  /** Gradients after clipping, where that is by value. */
  limited: Measurements | undefined;
  /** Whether norms through time are right in any case. */
  throughTimeWithCare: boolean;
  /** Whether the step is the gradient times the learning rate. */
  proportional: boolean;
}

/**
 * Makes rows of what leaves the graph: float32, `rowWidth(layout)` numbers per step. The trainer fills in what only it
 * knows.
 */
export function readRows(contents: RowContents, values: Float32Array): Float32Array {
  const { raw, layout } = contents;
  const steps = values.length / raw.width;
  const width = rowWidth(layout);
  const rows = new Float32Array(steps * width).fill(NaN);
  const movedCount = contents.parameters.filter(({ moved }) => moved).length;
  for (let step = 0; step < steps; step++)
    readRow(
      contents,
      movedCount,
      values.subarray(step * raw.width, (step + 1) * raw.width),
      rows.subarray(step * width, (step + 1) * width),
    );
  return rows;
}

export interface DoubtfulStep {
  /** Counted from 0. */
  step: number;
  doubts: readonly Doubt[];
}

/**
 * The first of some steps that has told something wrong. It follows from that step alone, so that a run does not depend
 * on how many steps the calls take that it is made of.
 * @param margin see `doubts` in magnitudes.ts
 */
export function findDoubts(contents: RowContents, values: Float32Array, margin: number): DoubtfulStep | undefined {
  const { raw, measured, moved, limited } = contents;
  const parts = Object.entries({ measured, moved, limited });
  const throughTime = contents.throughTimeWithCare ? undefined : raw.offset('throughTime');
  for (let step = 0; step < values.length / raw.width; step++) {
    const row = values.subarray(step * raw.width, (step + 1) * raw.width);
    const found = parts.flatMap(([name, measurements]) => {
      const offset = raw.offset(name);
      return measurements && offset !== undefined ? doubts(row, offset, measurements, margin) : [];
    });
    if (throughTime !== undefined) found.push(...doubtsThroughTime(row.subarray(throughTime)));
    if (found.some(({ serious }) => serious)) return { step, doubts: found };
  }
  return undefined;
}

const positions = <C extends string>(columns: readonly C[]): Readonly<Record<C, number>> =>
  Object.fromEntries(columns.map((column, i) => [column, i])) as Record<C, number>;

const stepAt = positions(stepColumns);
const activationAt = positions(activationColumns);
const parameterAt = positions(parameterColumns);

/** @param row all NaN. A step has thousands of numbers: they are written where they belong, and nothing is built for them. */
function readRow(contents: RowContents, movedCount: number, values: Float32Array, row: Float32Array): void {
  const { raw, measured, layers, counts, parameters } = contents;
  const at = (name: string): number | undefined => {
    const offset = raw.offset(name);
    return offset === undefined ? undefined : values[offset];
  };
  const offset = raw.offset('measured') ?? 0;
  const gradients = measured.gradients.map((place) => readMagnitudes(values, offset, place));

  let squares = 0;
  for (let i = 0; i < movedCount; i++) squares += gradients[i]!.norm ** 2;
  const gradientNorm = at('gradientNorm') ?? (movedCount > 0 ? Math.sqrt(squares) : NaN);
  row[stepAt.loss] = at('loss')!;
  row[stepAt.gradientNorm] = gradientNorm;
  row[stepAt.clippedGradientNorm] = at('clippedGradientNorm') ?? gradientNorm;

  let next = movedCount;
  const ofLayers = stepColumns.length;
  layers.forEach(({ activation, hasGradient }, i) => {
    const begin = ofLayers + i * activationColumns.length;
    const { mean, std } = readMoments(values, offset, measured.activations[i]!);
    row[begin + activationAt.mean] = mean;
    row[begin + activationAt.std] = std;
    if (!hasGradient) return;
    const { norm, maxAbs, nonFinite } = gradients[next++]!;
    row[begin + activationAt.gradientRms] = norm / Math.sqrt(sizeOf(activation.shape));
    row[begin + activationAt.gradientMaxAbs] = maxAbs;
    row[begin + activationAt.gradientNonFinite] = nonFinite;
  });
  counts.forEach(({ column, layer, share }, k) => {
    const count = readNumber(values, offset, measured.numbers[k]!);
    row[ofLayers + layer * activationColumns.length + activationAt[column]] = share(count);
  });

  next = 0;
  const ofParameters = ofLayers + layers.length * activationColumns.length;
  const weightNorms = raw.offset('weightNorms') ?? 0;
  contents.layout.parameters.forEach((_, i) => {
    const begin = ofParameters + i * parameterColumns.length;
    const { moved, trained, norm } = parameters[i]!;
    // A parameter that the loss does not reach has the gradient zero; a frozen one has none.
    const idle = trained ? 0 : NaN;
    const gradient = moved ? gradients[next]! : { norm: idle, maxAbs: idle, nonFinite: idle };
    row[begin + parameterAt.gradientNorm] = gradient.norm;
    row[begin + parameterAt.gradientMaxAbs] = gradient.maxAbs;
    row[begin + parameterAt.gradientNonFinite] = gradient.nonFinite;
    row[begin + parameterAt.weightNorm] = moved ? values[weightNorms + next]! : norm;
    row[begin + parameterAt.updateNorm] = moved ? updateNorm(contents, movedCount, values, next, gradient.norm) : 0;
    if (moved) next++;
  });
  const throughTime = raw.offset('throughTime');
  const end = fixedWidth(contents.layout);
  if (throughTime !== undefined) row.set(values.subarray(throughTime, throughTime + row.length - end), end);
}

/** @param index among the parameters that are moved. @param gradientNorm before clipping */
function updateNorm(
  { raw, moved, proportional }: RowContents,
  movedCount: number,
  values: Float32Array,
  index: number,
  gradientNorm: number,
): number {
  if (!proportional)
    return readNorm(values, raw.offset('moved') ?? raw.offset('measured')!, moved.weights[movedCount + index]!);
  const rate = Math.abs(values[raw.offset('rate')!]!);
  const limited = raw.offset('clippedNorms');
  if (limited !== undefined) return values[limited + index]! * rate;
  const factor = raw.offset('clippingFactor');
  return gradientNorm * rate * (factor === undefined ? 1 : values[factor]!);
}
