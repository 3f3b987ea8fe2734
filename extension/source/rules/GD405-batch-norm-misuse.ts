import { argument, configConstant, type Op, type Value } from '../values';
import { isHere, originOf, type Problem, type Rule, type RuleContext } from './rule';
import { eventsOf, lossOf } from './training-pass';

/** Batch statistics differ from time step to time step, and of one sample they are nothing but the sample itself. */
export const batchNormMisuse: Rule = {
  code: 'GD405',
  name: 'batch-norm-misuse',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const seen = new Set<number>();
    const once = function* (problem: Problem): Generator<Problem> {
      if (seen.has(problem.at.from)) return;
      seen.add(problem.at.from);
      yield problem;
    };
    for (const op of context.trace.ops) {
      if (!isBatchNorm(op) || !isHere(context, originOf(op)) || !overTime(op)) continue;
      yield* once({
        at: originOf(op),
        message:
          'Batch normalization over the steps of a recurrent layer mixes the statistics of all time steps: use layer normalization.',
      });
    }
    for (const norm of inBatchesOfOne(context))
      if (isHere(context, originOf(norm)))
        yield* once({
          at: originOf(norm),
          message:
            'Batch normalization is trained with batches of one sample here: there is no batch to take statistics of.',
        });
  },
};

const isBatchNorm = (op: Op): boolean =>
  op.category === 'normalization' && /^(Lazy)?BatchNorm|^batchNormalization$|^batch_norm$/i.test(op.name);

/** Whether a batch norm sees the whole sequence that a recurrent layer puts out. */
const overTime = (op: Op): boolean => {
  let at = op.inputs[0];
  while (at && (at.category === 'pass' || at.category === 'scale' || at.category === 'activation')) {
    // One step picked out, or all of them pooled: features of the sequence, one set for each sample.
    if (
      /^(item|select|index_select|gather|mean|sum|max|min|Adaptive|adaptive|MaxPool|AvgPool|max_pool|avg_pool|Flatten|flatten|squeeze|global|chunk|split|unbind)/.test(
        at.name,
      )
    )
      return false;
    at = at.inputs[0];
  }
  if (at?.category !== 'recurrent' || !at.layer) return false;
  if (/Cell$/.test(at.layer.type)) return true;
  if (at.layer.path.startsWith('tf.')) return configConstant(at.layer.call, 'returnSequences') === true;
  return true;
};

function* inBatchesOfOne(context: RuleContext): Generator<Op> {
  const { trace, flow } = context;
  for (const backward of eventsOf(trace, 'backward')) {
    const loss = lossOf(backward);
    const one = backward.loops.some(({ values }) => isLoaderOfOne(values?.kind === 'list' ? values.of : values));
    if (!loss || !one) continue;
    // Summed over several batches the step is larger, the statistics are not.
    for (const op of flow.ancestors(loss)) if (isBatchNorm(op) && !op.layer?.slots.has(' eval')) yield op;
  }
  for (const fit of eventsOf(trace, 'fit')) {
    const options = fit.call?.positional.at(-1)?.value;
    const size = options?.kind === 'dict' ? options.slots.get('batchSize') : undefined;
    if (size?.kind !== 'constant' || size.value !== 1 || fit.target?.kind !== 'container') continue;
    const layers = fit.target.slots.get('items') ?? [];
    for (const op of trace.ops) if (isBatchNorm(op) && op.layer && layers.includes(op.layer)) yield op;
  }
}

/** A `DataLoader` whose batch size is written down as 1. */
const isLoaderOfOne = (value: Value | undefined): boolean => {
  if (value?.kind !== 'object' || value.type !== 'loader') return false;
  const size = argument(value.call, 'batch_size', 1)?.value;
  return size?.kind === 'constant' && size.value === 1 && !size.soft;
};
