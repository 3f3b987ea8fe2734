/** What the gradient rules share: reading a node's operands and writing gradients of broadcasting operators. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { numbers, type DataType, type Shape } from '../../onnx/tensor';
import { UnsupportedError, type GradientRule, type RuleContext } from '../rule';

/** ∂L/∂output of a node with one differentiable output, which exists whenever its rule is asked. */
export function outputGradient(c: RuleContext, i = 0): Value {
  const dy = c.dy(i);
  if (!dy) throw new Error(`The loss does not depend on output ${i} of ${c.node.name}.`);
  return dy;
}

/**
 * One formula per input, evaluated only for inputs that are present and wanted, and summed down to the input's shape
 * where the operator broadcast it.
 */
export const perInput = (c: RuleContext, ...formulas: ((() => Value) | undefined)[]): (Value | undefined)[] =>
  formulas.map((formula, i) =>
    formula && c.hasInput(i) && c.wanted(i) ? c.g.sumTo(formula(), c.input(i).shape) : undefined,
  );

/** The rule of y = f(x), elementwise or of the same shape: `formula(g, dy, x, y)` is ∂L/∂x. */
export const unary =
  (formula: (g: GraphBuilder, dy: Value, x: Value, y: Value, c: RuleContext) => Value): GradientRule =>
  (c) => [formula(c.g, outputGradient(c), c.input(0), c.output(), c)];

/** The rule of a piecewise constant operator: its derivative is zero wherever it exists, as in PyTorch. */
export const stops: GradientRule = () => [];

export const positiveAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** An integer input that the rule has to know: axes, pads, starts. Undefined where the node leaves it out. */
export function integers(c: RuleContext, i: number): number[] | undefined {
  if (!c.hasInput(i)) return undefined;
  const found = c.constant(i);
  if (!found) throw new UnsupportedError(c.node, `input ${i} ("${c.node.inputs[i]!}") has to be constant.`);
  return numbers(found);
}

/** Zeros of any shape, at the cost of one number in the file. */
export const zeros = (g: GraphBuilder, { dtype, shape }: { dtype: DataType; shape: Shape }): Value =>
  g.expand(g.scalar(0, dtype as 'float32'), shape);

/** The shape with every given axis of length 1, as a reduction with kept axes has it. */
export const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

export const range = (length: number): number[] => [...Array(length).keys()];

export const product = (lengths: readonly number[]): number => lengths.reduce((size, length) => size * length, 1);
