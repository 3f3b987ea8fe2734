/** ReduceX: the axes become a constant input, which ReduceSum has since opset 13 and the others since 18. */
import { positiveAxis, range, type Lowering, type Lowerings } from './lowering';

const reduction: Lowering = (c) => {
  const x = c.input(0);
  const rank = x.shape.length;
  const given = c.ints('axes') ?? c.integers(1) ?? [];
  if (given.length === 0 && c.int('noop_with_empty_axes', 0) === 1) return elementwise(c);
  const axes = (given.length > 0 ? given : range(rank)).map((axis) => positiveAxis(axis, rank)).sort((a, b) => a - b);
  // A scalar has no axis to reduce.
  if (axes.length === 0) return elementwise(c);
  return c.rewritten([x, c.g.ints(axes)], { keepdims: c.int('keepdims', 1) });
};

/** What a reduction over no axis computes of every element. */
const elementwise: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  switch (c.node.opType) {
    case 'ReduceL1':
    case 'ReduceL2':
      return [g.abs(x)];
    case 'ReduceSumSquare':
      return [g.mul(x, x)];
    case 'ReduceLogSum':
      return [g.log(x)];
    default:
      return [g.identity(x)];
  }
};

export const reductionLowerings: Lowerings = Object.fromEntries(
  ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'].map((kind) => [
    `Reduce${kind}`,
    reduction,
  ]),
);
