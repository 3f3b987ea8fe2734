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
import type { StepLoop } from './step-loop';

export interface ObservedLayer {
  activation: Value;
  /** ∂L/∂activation; undefined where the loss does not depend on it. */
  gradient: Value | undefined;
}

export interface ObservedParameter {
  /** Before the step. */
  weight: Value;
  trained: boolean;
  /** The step Δ; undefined where the loss does not depend on the parameter, or it is frozen. */
  delta: Value | undefined;
}

/** @param columns scalars. The trainer fills in those that only it knows. */
export function stepBlock(g: GraphBuilder, columns: Partial<Record<StepColumn, Value>>): Value {
  const unknown = g.constant('float32', [1], [NaN]);
  return g.concat(
    stepColumns.map((column) => (columns[column] ? g.reshape(g.cast(columns[column], 'float32'), [1]) : unknown)),
    0,
  );
}

/** The columns of all layers. Which units have fired is carried through `loop`. @param forward the graph they are in. */
export function layerBlock(loop: StepLoop, forward: Graph, layers: readonly ObservedLayer[]): Value {
  const { g } = loop;
  const unknown = g.constant('float32', [1], [NaN]);
  const made = producers(forward);
  const forwardStatistics = layers.map(({ activation }) => {
    const kind = activationKind(made.get(activation.name), forward);
    const shares = { zeroShare: unknown, saturatedShare: unknown, deadShare: unknown };
    if (kind === 'rectifier') {
      const axis = unitAxis(forward, activation);
      const before = loop.carryZeros(`${activation.name}/fired`, {
        dtype: 'float32',
        shape: [activation.shape[axis]!],
      });
      const { zeroShare, deadShare, fired } = rectifierShares(g, activation, axis, before);
      loop.next(before, fired);
      Object.assign(shares, { zeroShare, deadShare });
    } else if (kind) shares.saturatedShare = saturatedShare(g, activation, kind);
    return { ...moments(g, activation), ...shares };
  });
  const across = (name: keyof (typeof forwardStatistics)[number]): Value =>
    g.concat(
      forwardStatistics.map((statistics) => statistics[name]),
      0,
    );

  const present = layers.map(({ gradient }) => gradient !== undefined);
  const gradients = layers.flatMap(({ gradient }) => gradient ?? []);
  const sizes = gradients.length > 0 ? magnitudes(g, gradients) : undefined;
  const none = layers.map(() => NaN);
  const roots = layers.map(({ activation }) => Math.sqrt(sizeOf(activation.shape)));
  const columns: Record<ActivationColumn, Value> = {
    mean: across('mean'),
    std: across('std'),
    zeroShare: across('zeroShare'),
    saturatedShare: across('saturatedShare'),
    deadShare: across('deadShare'),
    gradientRms: g.div(spread(g, sizes?.norm, present, none), g.constant('float32', [layers.length], roots)),
    gradientMaxAbs: spread(g, sizes?.maxAbs, present, none),
    gradientNonFinite: spread(g, sizes?.nonFinite, present, none),
  };
  return interleaved(
    g,
    activationColumns.map((column) => columns[column]),
  );
}

/** The columns of all parameters. @param gradients before clipping, of the parameters that have a delta. */
export function parameterBlock(
  g: GraphBuilder,
  parameters: readonly ObservedParameter[],
  gradients: Magnitudes | undefined,
): Value {
  const moved = parameters.map(({ delta }) => delta !== undefined);
  // A parameter that the loss does not reach has the gradient zero; a frozen one has none.
  const idle = parameters.map(({ trained }) => (trained ? 0 : NaN));
  const deltas = parameters.flatMap(({ delta }) => delta ?? []);
  const columns: Record<ParameterColumn, Value> = {
    gradientNorm: spread(g, gradients?.norm, moved, idle),
    gradientMaxAbs: spread(g, gradients?.maxAbs, moved, idle),
    gradientNonFinite: spread(g, gradients?.nonFinite, moved, idle),
    weightNorm: magnitudes(
      g,
      parameters.map(({ weight }) => weight),
    ).norm,
    updateNorm: spread(
      g,
      deltas.length > 0 ? magnitudes(g, deltas).norm : undefined,
      moved,
      parameters.map(() => 0),
    ),
  };
  return interleaved(
    g,
    parameterColumns.map((column) => columns[column]),
  );
}

/** Vectors as the columns of a matrix, whose rows are then laid end to end. */
function interleaved(g: GraphBuilder, columns: readonly Value[]): Value {
  const length = columns[0]!.shape[0]!;
  const matrix = g.concat(
    columns.map((column) => g.reshape(column, [1, length])),
    0,
  );
  return g.reshape(g.matrixTranspose(matrix), [columns.length * length]);
}

/** A vector with the elements of `some` in order where `present`, and those of `rest` elsewhere. */
function spread(g: GraphBuilder, some: Value | undefined, present: readonly boolean[], rest: readonly number[]): Value {
  const fill = g.constant('float32', [rest.length], rest);
  if (!some) return fill;
  if (present.every(Boolean)) return some;
  let at = 0;
  const count = some.shape[0]!;
  const indices = present.map((here, i) => (here ? at++ : count + i));
  const shape = [rest.length];
  return g.op('Gather', [g.concat([some, fill], 0), g.ints(indices)], { axis: 0 }, { dtype: 'float32', shape });
}
