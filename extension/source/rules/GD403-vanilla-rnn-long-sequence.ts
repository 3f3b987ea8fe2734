import { cellFix } from '../edits/recurrent-cell';
import { configEntry, constantArgument, itemsOf, type Op } from '../values';
import { isHere, type Problem, type Rule, type RuleContext } from './rule';

const longestSequence = 20;

/** A plain RNN forgets exponentially: past some twenty steps its gradient carries nothing of the beginning. */
export const vanillaRnnLongSequence: Rule = {
  code: 'GD403',
  name: 'vanilla-rnn-long-sequence',
  severity: 'information',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const seen = new Set<number>();
    for (const op of context.trace.ops) {
      const { layer } = op;
      if (op.category !== 'recurrent' || !layer || !/^(RNN|simpleRNN)$/.test(layer.type)) continue;
      if (!isHere(context, layer.site) || seen.has(layer.site.from)) continue;
      const length = sequenceLength(context, op);
      if (length !== undefined && length <= longestSequence) continue;
      seen.add(layer.site.from);
      const edits = cellFix(context.file, context.trace, layer, 'lstm');
      yield {
        at: layer.site,
        message: `A plain RNN on ${length === undefined ? 'sequences of unknown length' : `${length} time steps`}: its gradient vanishes through time. An LSTM or GRU keeps it.`,
        fixes: edits ? [{ title: 'Use an LSTM', safe: false, changesNetwork: true, remedy: 'lstm', edits }] : [],
      };
    }
  },
};

const sequenceLength = ({ framework, flow }: RuleContext, op: Op): number | undefined => {
  const { layer } = op;
  if (!layer) return undefined;
  if (framework === 'tensorflow') {
    const shape = configEntry(layer.call, 'inputShape')?.value;
    const steps = shape?.kind === 'list' ? itemsOf(shape)[0] : undefined;
    return steps?.kind === 'constant' && typeof steps.value === 'number' ? steps.value : undefined;
  }
  const lengths = flow
    .uses(layer)
    .map((other) => lengthOf(other.inputs[0], constantArgument(layer.call, 'batch_first', 4) === true));
  return lengths.includes(undefined) ? undefined : Math.max(...lengths.filter((length) => length !== undefined));
};

/** The time steps of a tensor made with known sizes: `torch.randn(16, 10, 8)`. */
const lengthOf = (input: Op | undefined, batchFirst: boolean): number | undefined => {
  if (input?.category !== 'constant') return undefined;
  const sizes = input.call?.positional.map(({ value }) => value) ?? [];
  const parts = sizes[0]?.kind === 'list' ? itemsOf(sizes[0]) : sizes;
  const steps = parts.length === 3 ? parts[batchFirst ? 1 : 0] : undefined;
  return steps?.kind === 'constant' && typeof steps.value === 'number' ? steps.value : undefined;
};
