/** Reductions over some axes, and running sums. Axes are an input since opset 13 (ReduceSum) and 18 (the others). */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { GradientRule, GradientRules, RuleContext } from '../rule';
import { integers, keptShape, outputGradient, positiveAxis, product, range, stops } from './support';

interface Reduction {
  g: GraphBuilder;
  x: Value;
  /** ∂L/∂y and y with the reduced axes kept at length 1. */
  dy: Value;
  y: Value;
  axes: readonly number[];
  /** How many elements of x one element of y sums up. */
  count: number;
}

/** The rule of a reduction: ∂L/∂x up to broadcasting. */
const reduction =
  (formula: (reduction: Reduction) => Value): GradientRule =>
  (c) => {
    const { g } = c;
    const x = c.input(0);
    const axes = reducedAxes(c);
    const kept = keptShape(x.shape, axes);
    const dy = g.reshape(outputGradient(c), kept);
    const count = product(axes.map((axis) => x.shape[axis]!));
    const gradient = formula({ g, x, dy, y: g.reshape(c.output(), kept), axes, count });
    return [g.expand(gradient, x.shape)];
  };

function reducedAxes(c: RuleContext): readonly number[] {
  const rank = c.input(0).shape.length;
  const axes = integers(c, 1) ?? [];
  if (axes.length > 0) return axes.map((axis) => positiveAxis(axis, rank));
  return c.int('noop_with_empty_axes', 0) === 1 ? [] : range(rank);
}

/** Elements that share the extremum share the gradient, as PyTorch's amax and amin. */
const extremum = reduction(({ g, x, dy, y, axes }) => {
  const chosen = g.equal(x, y);
  const count = g.sum(g.cast(chosen, dy.dtype), axes, true);
  return g.where(chosen, g.div(dy, count), 0);
});

/** √Σx²: the unit vector, and zero at zero. */
const euclideanNorm = reduction(({ g, x, dy, y }) => g.mul(x, g.where(g.equal(y, 0), 0, g.div(dy, y))));

/** Each factor's derivative is the product of the others: of those not zero, unless one of the others is. */
const productOfOthers = reduction(({ g, x, dy, axes }) => {
  const isZero = g.equal(x, 0);
  const nonZero = g.where(isZero, 1, x);
  const zeroCount = g.cast(isZero, dy.dtype);
  const otherZeros = g.sub(g.sum(zeroCount, axes, true), zeroCount);
  const others = g.div(g.reduce('ReduceProd', nonZero, axes, true), nonZero);
  return g.where(g.equal(otherZeros, 0), g.mul(dy, others), 0);
});

/** Where everything is -∞, so is y, and nothing has a share. */
const logSumExp = reduction(({ g, x, dy, y }) => g.mul(dy, g.exp(g.sub(x, g.where(g.equal(y, -Infinity), 0, y)))));

/** The prefix sum of the gradient from the other end. */
const cumulativeSum: GradientRule = (c) => {
  const dy = outputGradient(c);
  const attributes = { exclusive: c.int('exclusive', 0), reverse: 1 - c.int('reverse', 0) };
  return [c.g.op('CumSum', [dy, c.input(1)], attributes, dy)];
};

export const reductionRules: GradientRules = {
  ReduceSum: reduction(({ dy }) => dy),
  ReduceMean: reduction(({ g, dy, count }) => g.div(dy, count)),
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceL1: reduction(({ g, x, dy }) => g.mul(dy, g.unary('Sign', x))),
  ReduceL2: euclideanNorm,
  ReduceSumSquare: reduction(({ g, x, dy }) => g.mul(dy, g.mul(x, 2))),
  ReduceLogSum: reduction(({ g, dy, y }) => g.div(dy, g.exp(y))),
  ReduceLogSumExp: logSumExp,
  ReduceProd: productOfOthers,
  CumSum: cumulativeSum,
  ArgMax: stops,
  ArgMin: stops,
};
