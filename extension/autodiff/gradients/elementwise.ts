/** Arithmetic and functions of one real variable, all broadcasting as NumPy. */
import { numbers } from '../../onnx/tensor';
import type { Value } from '../../onnx/builder';
import type { GradientRule, GradientRules, RuleContext } from '../rule';
import { outputGradient, perInput, stops, unary } from './support';

const add: GradientRule = (c) => {
  const dy = outputGradient(c);
  return perInput(
    c,
    () => dy,
    () => dy,
  );
};

const subtract: GradientRule = (c) => {
  const dy = outputGradient(c);
  return perInput(
    c,
    () => dy,
    () => c.g.neg(dy),
  );
};

const multiply: GradientRule = (c) => {
  const dy = outputGradient(c);
  return perInput(
    c,
    () => c.g.mul(dy, c.input(1)),
    () => c.g.mul(dy, c.input(0)),
  );
};

const divide: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  return perInput(
    c,
    () => g.div(dy, c.input(1)),
    // -dy·a/b² in the order that does not overflow.
    () => g.neg(g.mul(dy, g.div(c.output(), c.input(1)))),
  );
};

/** b·a^(b-1) and a^b·ln a, with PyTorch's zeros where those are 0·∞: at b = 0, and at a = 0 with b ≥ 0. */
const power: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const base = c.input(0);
  const exponent = g.cast(c.input(1), base.dtype);
  return perInput(
    c,
    () => g.mul(dy, powerDerivative(c, base, exponent)),
    () => {
      const flat = g.and(g.equal(base, 0), g.greaterOrEqual(exponent, 0));
      return g.mul(dy, g.where(flat, 0, g.mul(c.output(), g.log(base))));
    },
  );
};

function powerDerivative(c: RuleContext, base: Value, exponent: Value): Value {
  const { g } = c;
  const constant = c.constant(1);
  const fixed = constant && constant.data.length === 1 ? numbers(constant)[0] : undefined;
  if (fixed === 2) return g.mul(base, 2);
  if (fixed !== undefined && fixed !== 0) return g.mul(exponent, g.pow(base, g.sub(exponent, 1)));
  const slope = g.mul(exponent, g.pow(base, g.sub(exponent, 1)));
  return g.where(g.equal(exponent, 0), 0, slope);
}

/** Of n operands that share the extremum, each gets 1/n, as PyTorch's maximum and minimum do. */
const extremum: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const operands = c.node.inputs.map((_, i) => c.input(i));
  if (operands.length === 1) return [dy];
  const chosen = operands.map((x) => g.equal(x, c.output()));
  const count = chosen.map((mask) => g.cast(mask, dy.dtype)).reduce((sum, mask) => g.add(sum, mask));
  const share = g.div(dy, count);
  return perInput(c, ...chosen.map((mask) => () => g.where(mask, share, 0)));
};

const sum: GradientRule = (c) => perInput(c, ...c.node.inputs.map(() => () => outputGradient(c)));

const mean: GradientRule = (c) => {
  const share = c.g.div(outputGradient(c), c.node.inputs.length);
  return perInput(c, ...c.node.inputs.map(() => () => share));
};

/** The remainder a - b·trunc(a/b): the quotient is recovered from the output, whole but for rounding. */
const modulo: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  return perInput(
    c,
    () => dy,
    () => {
      const quotient = g.unary('Round', g.div(g.sub(c.input(0), c.output()), c.input(1)));
      return g.neg(g.mul(dy, quotient));
    },
  );
};

/** The gradient passes within the bounds and at them; outside it goes to the bound. */
const clip: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const x = c.input(0);
  const low = c.hasInput(1) ? c.input(1) : undefined;
  const high = c.hasInput(2) ? c.input(2) : undefined;
  const masks = [...(low ? [g.greaterOrEqual(x, low)] : []), ...(high ? [g.lessOrEqual(x, high)] : [])];
  return perInput(
    c,
    () => (masks.length === 0 ? dy : g.where(masks.reduce(g.and), dy, 0)),
    () => {
      const below = g.less(x, low!);
      return g.where(high ? g.and(below, g.lessOrEqual(low!, high)) : below, dy, 0);
    },
    () => {
      const above = g.greater(x, high!);
      return g.where(low ? g.or(above, g.less(high!, low)) : above, dy, 0);
    },
  );
};

/** Masks the gradient itself, not its factor, so that an infinity on the other branch never becomes 0·∞. */
const where: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  return perInput(
    c,
    undefined,
    () => g.where(c.input(0), dy, 0),
    () => g.where(c.input(0), 0, dy),
  );
};

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

export const elementwiseRules: GradientRules = {
  Add: add,
  Sub: subtract,
  Mul: multiply,
  Div: divide,
  Pow: power,
  Max: extremum,
  Min: extremum,
  Sum: sum,
  Mean: mean,
  Mod: modulo,
  Clip: clip,
  Where: where,

  Identity: unary((_, dy) => dy),
  OptionalGetElement: unary((_, dy) => dy),
  Cast: unary((g, dy, x) => g.cast(dy, x.dtype)),
  Neg: unary((g, dy) => g.neg(dy)),
  Abs: unary((g, dy, x) => g.mul(dy, g.unary('Sign', x))),
  Sqrt: unary((g, dy, _, y) => g.div(dy, g.mul(y, 2))),
  Reciprocal: unary((g, dy, _, y) => g.neg(g.mul(dy, g.mul(y, y)))),
  Exp: unary((g, dy, _, y) => g.mul(dy, y)),
  Log: unary((g, dy, x) => g.div(dy, x)),
  Erf: unary((g, dy, x) => g.mul(dy, g.mul(g.exp(g.neg(g.mul(x, x))), twoOverRootPi))),

  Sin: unary((g, dy, x) => g.mul(dy, g.unary('Cos', x))),
  Cos: unary((g, dy, x) => g.neg(g.mul(dy, g.unary('Sin', x)))),
  Tan: unary((g, dy, _, y) => g.mul(dy, g.add(g.mul(y, y), 1))),
  Asin: unary((g, dy, x) => g.div(dy, g.sqrt(g.sub(1, g.mul(x, x))))),
  Acos: unary((g, dy, x) => g.neg(g.div(dy, g.sqrt(g.sub(1, g.mul(x, x)))))),
  Atan: unary((g, dy, x) => g.div(dy, g.add(g.mul(x, x), 1))),
  Sinh: unary((g, dy, x) => g.mul(dy, g.unary('Cosh', x))),
  Cosh: unary((g, dy, x) => g.mul(dy, g.unary('Sinh', x))),
  Asinh: unary((g, dy, x) => g.div(dy, g.sqrt(g.add(g.mul(x, x), 1)))),
  Acosh: unary((g, dy, x) => g.div(dy, g.sqrt(g.sub(g.mul(x, x), 1)))),
  Atanh: unary((g, dy, x) => g.div(dy, g.sub(1, g.mul(x, x)))),

  Floor: stops,
  Ceil: stops,
  Round: stops,
  Sign: stops,
  Equal: stops,
  Less: stops,
  LessOrEqual: stops,
  Greater: stops,
  GreaterOrEqual: stops,
  IsNaN: stops,
  IsInf: stops,
  EyeLike: stops,
  RandomNormalLike: stops,
  RandomUniformLike: stops,
  Bernoulli: stops,
};
