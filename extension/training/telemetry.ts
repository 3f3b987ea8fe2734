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
import { activationKind, rectifierShares, saturatedShare, unitAxis } from './activation-statistics';
import type { Magnitudes, Moments } from './magnitudes';
import type { StepLoop } from './step-loop';

export interface ObservedLayer {
  activation: Value;
  /** Whether the loss depends on it, so that it has a gradient. */
  hasGradient: boolean;
}

export interface ObservedParameter {
  trained: boolean;
  /** Whether the optimizer moves it: it is trained, and the loss depends on it. */
  moved: boolean;
}

/** @param columns scalars. The trainer fills in those that only it knows. */
export function stepBlock(g: GraphBuilder, columns: Partial<Record<StepColumn, Value>>): Value {
  const unknown = g.constant('float32', [1], [NaN]);
  return g.concat(
    stepColumns.map((column) => (columns[column] ? g.reshape(g.cast(columns[column], 'float32'), [1]) : unknown)),
    0,
  );
}

/**
 * The columns of all layers. Which units have fired is carried through `loop`.
 * @param forward the graph they are in
 * @param sizes of the gradients of those that have one
 */
export function layerBlock(
  loop: StepLoop,
  forward: Graph,
  layers: readonly ObservedLayer[],
  moments: Moments,
  sizes: Magnitudes | undefined,
): Value {
  const { g } = loop;
  const unknown = g.constant('float32', [1], [NaN]);
  const made = producers(forward);
  const shares = layers.map(({ activation }) => {
    const kind = activationKind(made.get(activation.name), forward);
    const ofLayer = { zeroShare: unknown, saturatedShare: unknown, deadShare: unknown };
    if (kind === 'rectifier') {
      const axis = unitAxis(made, activation);
      const before = loop.carryZeros(`${activation.name}/fired`, {
        dtype: 'float32',
        shape: [activation.shape[axis]!],
      });
      const { zeroShare, deadShare, fired } = rectifierShares(g, activation, axis, before);
      loop.next(before, fired);
      Object.assign(ofLayer, { zeroShare, deadShare });
    } else if (kind) ofLayer.saturatedShare = saturatedShare(g, activation, kind);
    return ofLayer;
  });
  const across = (name: keyof (typeof shares)[number]): Value =>
    g.concat(
      shares.map((ofLayer) => ofLayer[name]),
      0,
    );

  const present = layers.map(({ hasGradient }) => hasGradient);
  const none = layers.map(() => NaN);
  const roots = layers.map(({ activation }) => Math.sqrt(sizeOf(activation.shape)));
  const columns: Record<ActivationColumn, Value> = {
    ...moments,
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

/**
 * The columns of all parameters.
 * @param weightNorm of every parameter before the step
 * @param gradients before clipping, of the parameters that are moved
 * @param updateNorms of the steps Δ of these
 */
export function parameterBlock(
  g: GraphBuilder,
  parameters: readonly ObservedParameter[],
  weightNorm: Value,
  gradients: Magnitudes | undefined,
  updateNorms: Value | undefined,
): Value {
  const moved = parameters.map((parameter) => parameter.moved);
  // A parameter that the loss does not reach has the gradient zero; a frozen one has none.
  const idle = parameters.map(({ trained }) => (trained ? 0 : NaN));
  const columns: Record<ParameterColumn, Value> = {
    gradientNorm: spread(g, gradients?.norm, moved, idle),
    gradientMaxAbs: spread(g, gradients?.maxAbs, moved, idle),
    gradientNonFinite: spread(g, gradients?.nonFinite, moved, idle),
    weightNorm,
    updateNorm: spread(
      g,
      updateNorms,
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
