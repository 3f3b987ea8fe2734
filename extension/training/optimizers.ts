/** The optimizers of PyTorch (torch.optim.SGD, Adam, AdamW), as nodes and as numbers per step. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { OptimizerId, OptimizerSettings } from '../protocol/experiment';

export interface Optimizer {
  /** The tensors of a parameter's shape that a parameter carries from step to step, zero at first. */
  readonly states: readonly string[];
  /** Whether the update is the gradient times the first rate, and its norm follows from the gradient's. */
  readonly proportional: boolean;
  /** How many numbers per step `update` is given. */
  readonly rates: number;
  /**
   * What changes from step to step, computed in double precision as PyTorch does.
   * @param step counted from 0. @param lr the learning rate of this step.
   */
  ratesAt(step: number, lr: number): number[];
  /**
   * The update Δ of a parameter, to be added to it, and its next states. Δ is kept apart because its norm is telemetry:
   * the difference of the weights after rounding says 0 long before the update is.
   * @param rates scalars, those of `ratesAt`.
   */
  update(
    g: GraphBuilder,
    parameter: Value,
    gradient: Value,
    states: readonly Value[],
    rates: readonly Value[],
  ): { delta: Value; states: Value[] };
}

type Factory = (settings: OptimizerSettings) => Optimizer;

const withDecay = (g: GraphBuilder, gradient: Value, parameter: Value, weightDecay: number): Value =>
  weightDecay === 0 ? gradient : g.add(gradient, g.mul(parameter, weightDecay));

const sgd: Factory = ({ momentum, nesterov, weightDecay }) => ({
  states: momentum === 0 ? [] : ['momentum'],
  proportional: momentum === 0 && weightDecay === 0,
  rates: 1,
  ratesAt: (_, lr) => [-lr],
  update(g, parameter, gradient, [buffer], [negativeRate]) {
    const direction = withDecay(g, gradient, parameter, weightDecay);
    if (!buffer) return { delta: g.mul(direction, negativeRate!), states: [] };
    const next = g.add(g.mul(buffer, momentum), direction);
    const step = nesterov ? g.add(direction, g.mul(next, momentum)) : next;
    return { delta: g.mul(step, negativeRate!), states: [next] };
  },
});

const adamFamily =
  (decoupled: boolean): Factory =>
  ({ betas: [beta1, beta2], eps, weightDecay }) => ({
    states: ['mean', 'square'],
    proportional: false,
    rates: 3,
    ratesAt: (step, lr) => [-lr / (1 - beta1 ** (step + 1)), 1 / Math.sqrt(1 - beta2 ** (step + 1)), -lr * weightDecay],
    update(g, parameter, gradient, [mean, square], [stepSize, correction, decay]) {
      const direction = decoupled ? gradient : withDecay(g, gradient, parameter, weightDecay);
      const nextMean = g.add(g.mul(mean!, beta1), g.mul(direction, 1 - beta1));
      const nextSquare = g.add(g.mul(square!, beta2), g.mul(g.mul(direction, direction), 1 - beta2));
      const denominator = g.add(g.mul(g.sqrt(nextSquare), correction!), eps);
      const adaptive = g.mul(g.div(nextMean, denominator), stepSize!);
      const delta = decoupled && weightDecay !== 0 ? g.add(adaptive, g.mul(parameter, decay!)) : adaptive;
      return { delta, states: [nextMean, nextSquare] };
    },
  });

const factories: Readonly<Record<OptimizerId, Factory>> = {
  sgd,
  adam: adamFamily(false),
  adamw: adamFamily(true),
};

export const createOptimizer = (settings: OptimizerSettings): Optimizer => factories[settings.id](settings);
