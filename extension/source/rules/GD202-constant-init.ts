import { referTo } from '../edits/references';
import { configConstant, configEntry, constantArgument, type Layer } from '../values';
import { isHere, type Problem, type Rule, type RuleContext } from './rule';
import { finalInitializations, followerOf } from './weights';

/** Units that start equal get equal gradients and stay equal: the layer never becomes wider than one unit. */
export const constantInit: Rule = {
  code: 'GD202',
  name: 'constant-init',
  severity: 'error',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    yield* context.framework === 'pytorch' ? inPyTorch(context) : inTensorFlow(context);
  },
};

function* inPyTorch(context: RuleContext): Generator<Problem> {
  const { trace, flow, file } = context;
  const seen = new Set<number>();
  for (const [layer, { scheme, call, site, arms }] of finalInitializations(trace, (name) => /^weight/.test(name))) {
    if (!isConstant(scheme) || !isHere(context, site) || seen.has(site.from) || arms.length > 0) continue;
    // Norms start at one, embeddings have no symmetry to break, gates and zero-initialized last layers are meant.
    if (!/^(Linear|Conv\w+|RNN|LSTM|GRU|RNNCell|LSTMCell|GRUCell)$/.test(layer.type) || !isHidden(context, layer))
      continue;
    const value = call
      ? constantArgument(call, 'val', scheme === 'fill_' && call.positional[0]?.value.kind !== 'parameter' ? 0 : 1)
      : undefined;
    seen.add(site.from);
    const node = call?.node;
    const weight =
      node?.callee.kind === 'attribute' && /\.(fill_|zero_)$/.test(file.source.slice(node.callee))
        ? node.callee.object
        : node?.arguments[0]?.value;
    const follower = flow
      .uses(layer)
      .map((op) => followerOf(flow, op))
      .find((each) => each !== 'none');
    const fixed = follower === 'saturating' ? 'xavier_uniform_' : 'kaiming_uniform_';
    const reference = referTo(file, `torch.nn.init.${fixed}`);
    const parameter = weight && file.source.slice(weight).replace(/\.data$/, '');
    yield {
      at: site,
      message: `All weights of this ${layer.type} start ${value === undefined || value === 0 || scheme.startsWith('zero') ? 'equal' : `at ${String(value)}`}: its units get equal gradients and never differ.`,
      fixes:
        node && parameter !== undefined
          ? [
              {
                title: `Use random initialization: ${fixed}`,
                safe: false,
                remedy: fixed.replace(/_$/, '').replace('_', '-'),
                edits: [
                  ...reference.edits,
                  { from: node.from, to: node.to, insert: `${reference.text}(${parameter})` },
                ],
              },
            ]
          : [],
    };
  }
}

const isConstant = (scheme: string): boolean => /^(zeros?_|ones_|constant_|fill_)$/.test(scheme);

/**
 * Whether the layer feeds another trained layer through an activation: a hidden layer, in which symmetry does its harm.
 * Zero in a last layer, or in the last layer of a residual branch, is sound practice.
 */
const isHidden = ({ flow }: RuleContext, layer: Layer): boolean => {
  const ops = flow.uses(layer);
  return (
    ops.length > 0 &&
    ops.every((op) => {
      if (op.category === 'recurrent') return true;
      const next = flow.after(op);
      const after = next?.category === 'normalization' ? flow.after(next) : next;
      if (after?.category === 'weights') return true;
      if (after?.category !== 'activation') return false;
      const beyond = flow.after(after);
      return beyond?.category === 'weights' || beyond?.category === 'recurrent';
    })
  );
};

function* inTensorFlow(context: RuleContext): Generator<Problem> {
  const { trace, flow } = context;
  const seen = new Set<number>();
  for (const op of trace.ops) {
    if (op.category !== 'weights' || !op.layer || !isHere(context, op.layer.site)) continue;
    const name = configConstant(op.layer.call, 'kernelInitializer');
    const entry = configEntry(op.layer.call, 'kernelInitializer');
    if (!entry || seen.has(entry.node.from)) continue;
    const made = entry.value.kind === 'object' ? entry.value.path.slice(entry.value.path.lastIndexOf('.') + 1) : name;
    if (made !== 'zeros' && made !== 'ones' && made !== 'constant') continue;
    const next = flow.after(op);
    const beyond = next?.category === 'activation' ? flow.after(next) : next;
    if (beyond?.category !== 'weights' && beyond?.category !== 'recurrent') continue;
    seen.add(entry.node.from);
    const fixed = followerOf(flow, op) === 'rectifier' ? 'heUniform' : 'glorotUniform';
    yield {
      at: entry.node,
      message: `All weights of this ${op.layer.type} start equal: its units get equal gradients and never differ.`,
      fixes: [
        {
          title: `Use random initialization: '${fixed}'`,
          safe: false,
          remedy: fixed === 'heUniform' ? 'kaiming-uniform' : 'xavier-uniform',
          edits: [{ from: entry.node.from, to: entry.node.to, insert: `'${fixed}'` }],
        },
      ],
    };
  }
}
