/** Normalization: old forms of BatchNormalization and Dropout, and layers that are made of simpler operators. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { float } from '../../onnx/builder';
import { numbers } from '../../onnx/tensor';
import { positiveAxis, range, type Lowering, type Lowerings } from './lowering';

/** Before opset 14 a node trained if it had more than one output: they were the running and the saved statistics. */
const batchNormalization: Lowering = (c) => {
  if (c.opset < 9 && c.int('spatial', 1) === 0) c.refuse('statistics per activation (spatial=0) are not supported.');
  const training = c.opset < 14 ? c.hasOutput(1) : c.int('training_mode', 0) === 1;
  if (c.hasOutput(3)) c.refuse('saved statistics (outputs 3 and 4) are not supported.');
  return c.rewritten(
    range(5).map((i) => c.input(i)),
    {
      epsilon: float(c.float('epsilon', 1e-5)),
      momentum: float(c.float('momentum', 0.9)),
      training_mode: training ? 1 : 0,
    },
  );
};

/** Dropout takes its ratio and whether it is active as inputs; before opset 12 it never was. */
const dropout: Lowering = (c) => {
  const { g } = c;
  const ratio = c.constant(1) ? numbers(c.constant(1)!)[0]! : c.float('ratio', 0.5);
  const active = c.opset >= 12 ? c.optional(2) : undefined;
  const seed = c.node.attributes['seed'];
  return c.rewritten([c.input(0), g.scalar(ratio), active], seed ? { seed } : {});
};

/** (x - mean)/√(variance + ε) over `axes`. */
function standardised(g: GraphBuilder, x: Value, axes: readonly number[], epsilon: number): Value {
  const centred = g.sub(x, g.mean(x, axes, true));
  const variance = g.mean(g.mul(centred, centred), axes, true);
  return g.div(centred, g.sqrt(g.add(variance, epsilon)));
}

/**
 * Wu and He, Group Normalization (2018). In opset 18 scale and bias were per group, since 21 they are per channel.
 */
const groupNormalization: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const groups = c.int('num_groups', 1);
  const normalized = standardised(
    g,
    g.reshape(x, [batch, groups, -1].with(2, sizePer(x, groups))),
    [2],
    c.float('epsilon', 1e-5),
  );
  const ones = space.map(() => 1);
  const affine = (value: Value): Value =>
    value.shape[0] === channels
      ? g.reshape(value, [1, channels, ...ones])
      : g.reshape(g.expand(g.reshape(value, [groups, 1]), [groups, channels / groups]), [1, channels, ...ones]);
  return [g.add(g.mul(g.reshape(normalized, x.shape), affine(c.input(1))), affine(c.input(2)))];
};

const sizePer = (x: Value, groups: number): number =>
  x.shape.slice(1).reduce((size, length) => size * length, 1) / groups;

/** Zhang and Sennrich, Root Mean Square Layer Normalization (2019). */
const rmsNormalization: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const rank = x.shape.length;
  const axes = range(rank).slice(positiveAxis(c.int('axis', -1), rank));
  const meanSquare = g.mean(g.mul(x, x), axes, true);
  return [g.mul(g.div(x, g.sqrt(g.add(meanSquare, c.float('epsilon', 1e-5)))), c.input(1))];
};

export const normalizationLowerings: Lowerings = {
  BatchNormalization: batchNormalization,
  Dropout: dropout,
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
};
