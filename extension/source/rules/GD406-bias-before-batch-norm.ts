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
    const statements = new Map<number, Layer[]>();
    for (const layer of trace.layers) {
      if (!isHere(context, layer.site)) continue;
      const others = statements.get(layer.site.from);
      if (others) others.push(layer);
      else statements.set(layer.site.from, [layer]);
    }
    const isFollowed = (op: Op): boolean => {
      const [next, ...others] = flow.consumers(op);
      return op.category === 'weights' && next !== undefined && others.length === 0 && isBatchNorm(next);
    };
    for (const layers of statements.values()) {
      // One statement may make many layers: what is changed there changes all of them.
      if (!layers.every((layer) => hasBias(layer) && flow.uses(layer).length > 0 && flow.uses(layer).every(isFollowed)))
        continue;
      const layer = layers[0]!;
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
