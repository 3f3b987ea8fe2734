import { setArgument } from '../edits/arguments';
import { quoteOf, referTo } from '../edits/references';
import type { TextEdit } from '../text';
import type { Initialization } from '../trace';
import { argument, configConstant, configEntry, constantArgument, type Op } from '../values';
import { isHere, type Fix, type Problem, type Rule, type RuleContext } from './rule';
import { finalInitializations, followerOf, givesGain, isNormalized, type Follower } from './weights';

/** Xavier's deviation keeps the variance for tanh and sigmoid, Kaiming's for ReLU and its like; swapped, it shrinks or grows with depth. */
export const initMismatch: Rule = {
  code: 'GD201',
  name: 'init-mismatch',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    yield* context.framework === 'pytorch' ? inPyTorch(context) : inTensorFlow(context);
  },
};

function* inPyTorch(context: RuleContext): Generator<Problem> {
  const { trace, flow } = context;
  const followers = new Map<
    string,
    { initialization: Initialization; followers: Set<Follower>; rectifier?: string | undefined }
  >();
  const initializations = finalInitializations(trace);
  // Where a network puts a norm beside the layer that a statement makes, the block by itself says nothing.
  const normalized = new Set(
    trace.ops.filter((op) => op.category === 'weights' && isNormalized(flow, op)).map(({ layer }) => layer?.site.from),
  );
  for (const op of trace.ops) {
    if (op.category !== 'weights' || !op.layer) continue;
    const initialization = initializations.get(op.layer);
    if (!initialization || !isHere(context, initialization.site)) continue;
    const key = String(initialization.site.from);
    if (!followers.has(key)) followers.set(key, { initialization, followers: new Set() });
    const follower = normalized.has(op.layer.site.from) ? 'none' : followerOf(flow, op);
    const at = followers.get(key)!;
    if (follower !== 'none') at.followers.add(follower);
    if (follower === 'rectifier') at.rectifier ??= nameOf(flow.after(op));
  }
  for (const { initialization, followers: kinds, rectifier = 'a ReLU' } of followers.values()) {
    const { scheme, call, site } = initialization;
    if (kinds.size !== 1 || initialization.arms.length > 0 || !call || call.open) continue;
    const [follower] = kinds;
    if (scheme.startsWith('xavier') && follower === 'rectifier' && !givesGain(initialization))
      yield {
        at: site,
        message: `Xavier initialization before ${rectifier} about halves the variance in every layer; Kaiming's is meant for it.`,
        fixes: rename(context, initialization, scheme.replace('xavier', 'kaiming'), 'relu'),
      };
    if (scheme.startsWith('kaiming')) {
      const slope = argument(call, 'a', 1);
      const nonlinearity = constantArgument(call, 'nonlinearity', 3);
      if (slope && constantArgument(call, 'a', 1) === undefined) continue;
      if (typeof constantArgument(call, 'a', 1) === 'number' && Number(constantArgument(call, 'a', 1)) > 1) continue;
      if (argument(call, 'nonlinearity', 3) && typeof nonlinearity !== 'string') continue;
      const meant = typeof nonlinearity === 'string' ? nonlinearity : 'leaky_relu';
      if (follower === 'saturating' && /relu|selu/.test(meant))
        yield {
          at: site,
          message: `Kaiming initialization for ${meant} before tanh or sigmoid pushes it into saturation; Xavier's is meant for it.`,
          fixes: rename(context, initialization, scheme.replace('kaiming', 'xavier')),
        };
      else if (follower === 'rectifier' && /^(linear|sigmoid|tanh|conv\dd)$/.test(meant))
        yield {
          at: site,
          message: `nonlinearity='${meant}' before ${rectifier}: the gain is too small for it.`,
          fixes: [
            {
              title: "Use nonlinearity='relu'",
              safe: false,
              remedy: scheme.replace(/_$/, '').replace('_', '-'),
              edits: [setArgument(context.file, call.node, 'nonlinearity', quoted(context, 'relu'))],
            },
          ],
        };
    }
  }
}

/** How a message names an activation of the ReLU family. */
const nameOf = (activation: Op | undefined): string =>
  !activation || /^relu$/i.test(activation.name) ? 'a ReLU' : activation.name;

const quoted = ({ file }: RuleContext, text: string): string => `${quoteOf(file)}${text}${quoteOf(file)}`;

/** `nn.init.xavier_uniform_(w)` → `nn.init.kaiming_uniform_(w, nonlinearity='relu')`. */
const rename = (context: RuleContext, { call }: Initialization, scheme: string, nonlinearity?: string): Fix[] => {
  const node = call?.node;
  const weight = node?.arguments[0];
  if (!node || !weight || (node.callee.kind !== 'attribute' && node.callee.kind !== 'name')) return [];
  const { file } = context;
  const edits: TextEdit[] = [];
  const { callee } = node;
  if (callee.kind === 'attribute') edits.push({ from: callee.to - callee.name.length, to: callee.to, insert: scheme });
  else {
    const reference = referTo(file, `torch.nn.init.${scheme}`);
    edits.push(...reference.edits, { from: callee.from, to: callee.to, insert: reference.text });
  }
  const rest = nonlinearity ? `, nonlinearity=${quoted(context, nonlinearity)}` : '';
  edits.push({ from: weight.to, to: node.argumentList.to - 1, insert: rest });
  const family = scheme.startsWith('kaiming') ? 'Kaiming' : 'Xavier';
  return [
    {
      title: `Use ${family} initialization: ${scheme}`,
      safe: false,
      remedy: scheme.replace(/_$/, '').replace('_', '-'),
      edits,
    },
  ];
};

function* inTensorFlow(context: RuleContext): Generator<Problem> {
  const { trace, flow } = context;
  const seen = new Set<number>();
  for (const op of trace.ops) {
    if (op.category !== 'weights' || !op.layer || !isHere(context, op.layer.site)) continue;
    const entry = configEntry(op.layer.call, 'kernelInitializer');
    const scheme = initializerName(op);
    if (!entry || scheme === undefined || seen.has(entry.node.from) || isNormalized(flow, op)) continue;
    const follower = followerOf(flow, op);
    const wrong =
      follower === 'rectifier' && /^(glorot|xavier)/i.test(scheme)
        ? scheme.replace(/^(glorot|xavier)/i, 'he')
        : follower === 'saturating' && scheme.startsWith('he')
          ? scheme.replace(/^he/, 'glorot')
          : undefined;
    if (wrong === undefined) continue;
    seen.add(entry.node.from);
    yield {
      at: entry.node,
      message:
        follower === 'rectifier'
          ? `${scheme} before ${nameOf(flow.after(op))} about halves the variance in every layer; ${wrong} is meant for it.`
          : `${scheme} before tanh or sigmoid pushes it into saturation; ${wrong} is meant for it.`,
      fixes: [
        {
          title: `Use kernelInitializer: '${wrong}'`,
          safe: false,
          remedy: `${wrong.startsWith('he') ? 'kaiming' : 'xavier'}-${/normal$/i.test(wrong) ? 'normal' : 'uniform'}`,
          edits: [
            {
              from: entry.node.from,
              to: entry.node.to,
              insert: `${quoteOf(context.file)}${wrong}${quoteOf(context.file)}`,
            },
          ],
        },
      ],
    };
  }
}

/** The name of a layer's kernel initializer, given as text or as `tf.initializers.…()`. */
const initializerName = ({ layer }: Op): string | undefined => {
  if (!layer) return undefined;
  const name = configConstant(layer.call, 'kernelInitializer');
  if (typeof name === 'string') return name;
  const value = configEntry(layer.call, 'kernelInitializer')?.value;
  return value?.kind === 'object' && value.type === 'initializer'
    ? value.path.slice(value.path.lastIndexOf('.') + 1)
    : undefined;
};
