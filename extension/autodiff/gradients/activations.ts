/** Activation functions. Which side a kink belongs to is PyTorch's choice. */
import type { GradientRule, GradientRules } from '../rule';
import { outputGradient, perInput, unary } from './support';

/** α and λ of Klambauer et al., Self-Normalizing Neural Networks (2017). */
const seluAlpha = 1.6732632423543772;
const seluGamma = 1.0507009873554805;

const leakyRelu = unary((g, dy, x, _, c) => g.where(g.greater(x, 0), dy, g.mul(dy, c.float('alpha', 0.01))));

const elu = unary((g, dy, x, _, c) => g.where(g.greater(x, 0), dy, g.mul(dy, g.mul(g.exp(x), c.float('alpha', 1)))));

const celu = unary((g, dy, x, _, c) => g.where(g.greater(x, 0), dy, g.mul(dy, g.exp(g.div(x, c.float('alpha', 1))))));

const selu = unary((g, dy, x, _, c) => {
  const gamma = c.float('gamma', seluGamma);
  const negative = g.mul(g.exp(x), gamma * c.float('alpha', seluAlpha));
  return g.mul(dy, g.where(g.greater(x, 0), gamma, negative));
});

const prelu: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const positive = g.greater(c.input(0), 0);
  return perInput(
    c,
    () => g.where(positive, dy, g.mul(dy, c.input(1))),
    () => g.where(positive, 0, g.mul(dy, c.input(0))),
  );
};

const hardSigmoid = unary((g, dy, _, y, c) =>
  g.where(g.and(g.greater(y, 0), g.less(y, 1)), g.mul(dy, c.float('alpha', 0.2)), 0),
);

const hardSwish = unary((g, dy, x) => {
  const slope = g.mul(dy, g.add(g.div(x, 3), 0.5));
  return g.where(g.lessOrEqual(x, -3), 0, g.where(g.less(x, 3), slope, dy));
});

/** Misra, Mish (2019): x·tanh(softplus x). */
const mish = unary((g, dy, x) => {
  const t = g.unary('Tanh', g.unary('Softplus', x));
  const slope = g.mul(g.mul(x, g.unary('Sigmoid', x)), g.sub(1, g.mul(t, t)));
  return g.mul(dy, g.add(t, slope));
});

const shrink = unary((g, dy, x, _, c) => {
  const threshold = c.float('lambd', 0.5);
  return g.where(g.or(g.less(x, -threshold), g.greater(x, threshold)), dy, 0);
});

const softsign = unary((g, dy, x) => {
  const denominator = g.add(g.abs(x), 1);
  return g.div(dy, g.mul(denominator, denominator));
});

export const activationRules: GradientRules = {
  Relu: unary((g, dy, _, y) => g.where(g.greater(y, 0), dy, 0)),
  LeakyRelu: leakyRelu,
  PRelu: prelu,
  ThresholdedRelu: unary((g, dy, x, _, c) => g.where(g.greater(x, c.float('alpha', 1)), dy, 0)),
  Elu: elu,
  Celu: celu,
  Selu: selu,
  Sigmoid: unary((g, dy, _, y) => g.mul(dy, g.mul(y, g.sub(1, y)))),
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Tanh: unary((g, dy, _, y) => g.mul(dy, g.sub(1, g.mul(y, y)))),
  Mish: mish,
  Softplus: unary((g, dy, x) => g.mul(dy, g.unary('Sigmoid', x))),
  Softsign: softsign,
  Shrink: shrink,
};
