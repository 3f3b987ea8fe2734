import { setArgument, setEntry } from '../edits/arguments';
import { argument, configConstant, configLacks, constantArgument, type Layer, type Op } from '../values';
import { isHere, type Problem, type Rule } from './rule';

/** Where `bias` stands among the positional arguments. */
const biasPosition: Readonly<Record<string, number>> = {
  Linear: 2,
  Conv1d: 7,
  Conv2d: 7,
  Conv3d: 7,
  ConvTranspose1d: 7,
  ConvTranspose2d: 7,
  ConvTranspose3d: 7,
};

/** Batch normalization subtracts the mean and with it any bias added before; its own shift does that work. */
export const biasBeforeBatchNorm: Rule = {
  code: 'GD406',
  name: 'bias-before-batch-norm',
  severity: 'information',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const { trace, flow, file } = context;
    const seen = new Set<number>();
    for (const { category, layer } of trace.ops) {
      if (
        category !== 'weights' ||
        !layer ||
        !isHere(context, layer.site) ||
        seen.has(layer.site.from) ||
        !hasBias(layer)
      )
        continue;
      const uses = trace.ops.filter((op) => op.layer?.site === layer.site && op.category === 'weights');
      const followed = uses.every((op) => {
        const consumers = flow.consumers(op);
        return consumers.length === 1 && isBatchNorm(consumers[0]!);
      });
      const statement = trace.layers.filter(
        ({ site }) => site.from === layer.site.from && site.file === layer.site.file,
      );
      const allFollowed = statement.every((other) =>
        trace.ops.some(
          (op) => op.layer === other && flow.consumers(op).length === 1 && isBatchNorm(flow.consumers(op)[0]!),
        ),
      );
      if (!followed || !allFollowed) continue;
      seen.add(layer.site.from);
      const { node } = layer.call;
      const config = node.arguments[0]?.value;
      const edit = layer.path.startsWith('tf.')
        ? config?.kind === 'dict'
          ? setEntry(config, 'useBias', 'false')
          : undefined
        : node.arguments.length > 0
          ? setArgument(file, node, 'bias', 'False')
          : undefined;
      yield {
        at: layer.site,
        message: `The bias of this ${layer.type} is taken out again by the batch normalization after it.`,
        fixes: edit ? [{ title: 'Drop the bias (changes checkpoints)', safe: false, edits: [edit] }] : [],
      };
    }
  },
};

const isBatchNorm = (op: Op): boolean =>
  op.category === 'normalization' && /^(Lazy)?BatchNorm\dd$|^SyncBatchNorm$|^batchNormalization$/.test(op.name);

const hasBias = (layer: Layer): boolean => {
  if (layer.path.startsWith('tf.')) {
    if (configConstant(layer.call, 'useBias') === false) return false;
    return configLacks(layer.call, 'useBias') || configConstant(layer.call, 'useBias') === true;
  }
  const at = biasPosition[layer.type];
  if (at === undefined || layer.call.open || layer.call.positional.length > at) return false;
  const value = argument(layer.call, 'bias', at)?.value;
  if (!value) return true;
  return (
    value.kind === 'constant' &&
    !value.soft &&
    constantArgument(layer.call, 'bias', at) === true &&
    layer.call.node.arguments.some(({ name, value: node }) => name === 'bias' && node.kind === 'boolean')
  );
};
