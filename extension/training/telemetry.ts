/** The row of numbers that leaves the graph at every step; protocol/run.ts says which column means what. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { producers, type Graph } from '../onnx/graph';
import { sizeOf } from '../onnx/tensor';
import {
  activationColumns,
  parameterColumns,
  stepColumns,
  type ActivationColumn,
  type ParameterColumn,
  type StepColumn,
} from '../protocol/run';
import { activationKind, moments, rectifierShares, saturatedShare, unitAxis } from './activation-statistics';
import { magnitudes, type Magnitudes } from './magnitudes';

export interface ObservedLayer {
  activation: Value;
  /** ∂L/∂activation; undefined where the loss does not depend on it. */
  gradient: Value | undefined;
}

/** A tensor that is remembered from step to step. */
export interface Memory {
  before: Value;
  after: Value;
}

/** Gives a zero-initialized float32 state of that shape, by a name that says what it remembers. */
export type Remember = (name: string, shape: readonly number[]) => Value;

/** The columns of all layers, `[layers × activationColumns]` row by row, and what has to be carried to the next step. */
export function layerColumns(
  g: GraphBuilder,
  forward: Graph,
  layers: readonly ObservedLayer[],
  gradients: Magnitudes,
  remember: Remember,
): { columns: Value; memories: Memory[] } {
  const made = producers(forward);
  const memories: Memory[] = [];
  const unknown = g.constant('float32', [1], [NaN]);
  const pieces: Record<Exclude<ActivationColumn, `gradient${string}`>, Value[]> = {
    mean: [],
    std: [],
    zeroShare: [],
    saturatedShare: [],
    deadShare: [],
  };
  for (const { activation } of layers) {
    const { mean, std } = moments(g, activation);
    pieces.mean.push(mean);
    pieces.std.push(std);
    const kind = activationKind(made.get(activation.name), forward);
    if (kind === 'rectifier') {
      const axis = unitAxis(forward, activation);
      const before = remember(`${activation.name}/fired`, [activation.shape[axis]!]);
      const { zeroShare, deadShare, fired } = rectifierShares(g, activation, axis, before);
      memories.push({ before, after: fired });
      pieces.zeroShare.push(zeroShare);
      pieces.deadShare.push(deadShare);
    } else {
      pieces.zeroShare.push(unknown);
      pieces.deadShare.push(unknown);
    }
    pieces.saturatedShare.push(kind && kind !== 'rectifier' ? saturatedShare(g, activation, kind) : unknown);
  }
  const roots = layers.map(({ activation }) => Math.sqrt(sizeOf(activation.shape)));
  const columns: Record<ActivationColumn, Value> = {
    mean: g.concat(pieces.mean, 0),
    std: g.concat(pieces.std, 0),
    zeroShare: g.concat(pieces.zeroShare, 0),
    saturatedShare: g.concat(pieces.saturatedShare, 0),
    deadShare: g.concat(pieces.deadShare, 0),
    gradientRms: g.div(gradients.norm, g.constant('float32', [layers.length], roots)),
    gradientMaxAbs: gradients.maxAbs,
    gradientNonFinite: gradients.nonFinite,
  };
  return { columns: interleaved(g, activationColumns.map((column) => columns[column]), layers.length), memories };
}

/** The columns of all parameters, `[parameters × parameterColumns]` row by row. */
export const parameterBlock = (
  g: GraphBuilder,
  columns: Record<ParameterColumn, Value>,
  parameters: number,
): Value => interleaved(g, parameterColumns.map((column) => columns[column]), parameters);

/** @param columns scalars; the trainer fills in what only it knows. */
export const stepBlock = (g: GraphBuilder, columns: Partial<Record<StepColumn, Value>>): Value => {
  const unknown = g.constant('float32', [1], [NaN]);
  return g.concat(
    stepColumns.map((column) => (columns[column] ? g.reshape(g.cast(columns[column], 'float32'), [1]) : unknown)),
    0,
  );
};

/** Vectors of n elements as the columns of a matrix, whose rows are then laid end to end. */
function interleaved(g: GraphBuilder, columns: readonly Value[], n: number): Value {
  const matrix = g.concat(columns.map((column) => g.reshape(column, [1, n])), 0);
  return g.reshape(g.matrixTranspose(matrix), [columns.length * n]);
}

/** A vector of all `length` elements from one of some of them, NaN at the others. */
export function spread(g: GraphBuilder, some: Value | undefined, places: readonly number[], length: number, rest = NaN): Value {
  if (some && places.length === length) return some;
  const source = g.constant('float32', [1], [rest]);
  const all = some ? g.concat([some, source], 0) : source;
  const indices = Array.from({ length }, (_, i) => (places.includes(i) ? places.indexOf(i) : all.shape[0]! - 1));
  return g.op('Gather', [all, g.ints(indices)], { axis: 0 }, { dtype: 'float32', shape: [length] });
}
