/** Losses that are operators, by a softmax and a gather. */
import type { Value } from '../../onnx/builder';
import type { Lowering, LoweringContext, Lowerings } from './lowering';

const crossEntropy: Lowering = (c) => {
  const logProbabilities = c.g.unary('LogSoftmax', c.input(0), { axis: 1 });
  return [negativeLogLikelihood(c, logProbabilities), logProbabilities];
};

const likelihood: Lowering = (c) => [negativeLogLikelihood(c, c.input(0))];

/**
 * -Σ wₜ·log p(t), over Σ wₜ where the mean is asked for; targets that are to be ignored weigh nothing.
 * @param scores log p `[batch, classes, …]`; the targets (input 1) are `[batch, …]`, the weights (input 2) `[classes]`
 */
function negativeLogLikelihood(c: LoweringContext, scores: Value): Value {
  const { g } = c;
  const targets = g.cast(c.input(1), 'int64');
  const classWeights = c.optional(2);
  const ignored = c.int('ignore_index', NaN);
  const counts = Number.isNaN(ignored) ? undefined : g.not(g.equal(targets, ignored));
  const present = counts ? g.where(counts, targets, 0) : targets;

  const columns = g.reshape(present, [targets.shape[0]!, 1, ...targets.shape.slice(1)]);
  const picked = g.op('GatherElements', [scores, columns], { axis: 1 }, { dtype: scores.dtype, shape: columns.shape });
  const losses = g.neg(g.reshape(picked, targets.shape));
  const ofClass = classWeights
    ? g.op('Gather', [classWeights, present], { axis: 0 }, { dtype: scores.dtype, shape: targets.shape })
    : undefined;
  const weights = counts ? g.where(counts, ofClass ?? g.scalar(1, scores.dtype as 'float32'), 0) : ofClass;
  const weighted = weights ? g.mul(losses, weights) : losses;
  switch (c.string('reduction', 'mean')) {
    case 'none':
      return weighted;
    case 'sum':
      return g.sum(weighted);
    default:
      return weights ? g.div(g.sum(weighted), g.sum(g.expand(weights, targets.shape))) : g.mean(weighted);
  }
}

export const lossLowerings: Lowerings = {
  SoftmaxCrossEntropyLoss: crossEntropy,
  NegativeLogLikelihoodLoss: likelihood,
};
