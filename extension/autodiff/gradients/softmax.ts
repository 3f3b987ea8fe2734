/** Normalised exponentials. */
import type { GradientRules } from '../rule';
import { stops, unary } from './support';

const softmax = unary((g, dy, _, y, c) => {
  const weighted = g.mul(dy, y);
  return g.sub(weighted, g.mul(y, g.sum(weighted, [c.int('axis', -1)], true)));
});

const logSoftmax = unary((g, dy, _, y, c) => g.sub(dy, g.mul(g.exp(y), g.sum(dy, [c.int('axis', -1)], true))));

export const softmaxRules: GradientRules = {
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  Hardmax: stops,
};
