import { referTo } from '../edits/references';
import { childrenOf, modulesOf } from '../pytorch';
import { itemsOf, type Instance, type Op, type Value } from '../values';
import { isHere, type Fix, type Problem, type Rule, type RuleContext } from './rule';
import { eventsOf, isUnclear, lossOf } from './training-pass';

/** Nothing is learned where no gradient arrives: a detached loss, a forward pass without gradients, forgotten parameters. */
export const noGradient: Rule = {
  code: 'GD107',
  name: 'no-gradient',
  severity: 'error',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    yield* cutLosses(context);
    if (isUnclear(context.trace)) return;
    yield* unregisteredLayers(context);
    yield* layersMadeInForward(context);
    yield* forgottenModules(context);
  },
};

const reasons: Readonly<Record<NonNullable<Op['cut']>, string>> = {
  detach: 'it is computed from a detached value',
  no_grad: 'it is computed under torch.no_grad()',
  number: 'it is computed from a Python number (item())',
};

function* cutLosses(context: RuleContext): Generator<Problem> {
  for (const backward of eventsOf(context.trace, 'backward')) {
    const loss = lossOf(backward);
    if (!loss || !isHere(context, backward.site) || loss.gradient !== 'no' || !loss.cut) continue;
    // Only where something trainable was cut off is it a loss that was meant to train.
    const trainable = context.flow.reaches(
      loss,
      ({ category, gradient }) =>
        gradient === 'yes' || ['weights', 'recurrent', 'attention', 'embedding'].includes(category),
    );
    if (!trainable && loss.cut !== 'no_grad') continue;
    const fixes = undetach(context, loss);
    yield { at: backward.site, message: `The backward pass reaches no parameter: ${reasons[loss.cut]}.`, fixes };
  }
}

/** Takes a `.detach()`, `.data` or `.item()` on the way to the loss out again. */
const undetach = ({ file }: RuleContext, loss: Op): Fix[] => {
  let at: Op | undefined = loss;
  while (at && at.category !== 'detach')
    at = at.inputs.find((input) => input.gradient === 'no' && input.cut !== undefined);
  if (!at || at.site.file !== file) return [];
  const { source } = file;
  const written = source.slice(at.site);
  const suffix = /\s*\.\s*(detach\(\)|data|item\(\))$/.exec(written);
  if (!suffix) return [];
  const to = at.site.to;
  const from = to - suffix[0].length;
  return [{ title: `Remove ${suffix[0].trim()}`, safe: false, edits: [{ from, to, insert: '' }] }];
};

/** What has parameters; losses and activations in a list lose nothing. */
const trained = new Set<Op['category']>(['weights', 'recurrent', 'attention', 'embedding', 'normalization']);

/** `self.layers = [nn.Linear(…), …]`: a plain list hides its layers from `parameters()`. */
function* unregisteredLayers(context: RuleContext): Generator<Problem> {
  const { trace, file } = context;
  const children = new Set<Value>(
    [...trace.instances, ...trace.containers].flatMap((module) => childrenOf(module).map(([, child]) => child)),
  );
  const used = new Set<Value>(
    trace.ops.flatMap(({ layer, gradient, category }) =>
      layer && gradient === 'yes' && trained.has(category) ? [layer] : [],
    ),
  );
  const seen = new Set<number>();
  for (const { instance, value, valueSpan, site } of trace.attributes) {
    if (site.file !== file || seen.has(site.from)) continue;
    if (instance.base !== 'torch.nn.Module' && !instance.base?.endsWith('.LightningModule')) continue;
    const items = value.kind === 'list' ? itemsOf(value) : value.kind === 'dict' ? [...value.slots.values()] : [];
    const modules = items.filter(({ kind }) => kind === 'layer' || kind === 'instance' || kind === 'container');
    if (modules.length === 0 || modules.some((module) => children.has(module))) continue;
    if (!modules.some((module) => modulesOf(module).some((inner) => used.has(inner)))) continue;
    if (mentionsParameters(context, instance.class.node)) continue;
    seen.add(site.from);
    const kind = value.kind === 'dict' ? 'ModuleDict' : 'ModuleList';
    yield {
      at: site,
      message: `Layers in a plain ${value.kind === 'dict' ? 'dictionary' : 'list'} are not registered: their parameters are never given to an optimizer.`,
      fixes: wrap(context, valueSpan, kind),
    };
  }
}

const mentionsParameters = ({ file }: RuleContext, node: { from: number; to: number }): boolean =>
  /\b(add_module|register_module|register_parameter|parameters|setattr|__setattr__)\b/.test(file.source.slice(node));

const wrap = ({ file }: RuleContext, span: { from: number; to: number }, kind: string): Fix[] => {
  const reference = referTo(file, `torch.nn.${kind}`);
  const written = file.source.slice(span);
  if (!/^[[{(]/.test(written) && !/^\w+$/.test(written)) return [];
  return [
    {
      title: `Register the layers: nn.${kind}`,
      safe: false,
      edits: [
        ...reference.edits,
        { from: span.from, to: span.from, insert: `${reference.text}(` },
        { from: span.to, to: span.to, insert: ')' },
      ],
    },
  ];
};

/** A layer made inside `forward` starts from new random weights at every call. */
function* layersMadeInForward(context: RuleContext): Generator<Problem> {
  const seen = new Set<number>();
  const kept = new Set<Value>(context.trace.attributes.map(({ value }) => value));
  for (const { category, layer } of context.trace.ops) {
    if (!layer?.madeIn || !isHere(context, layer.site) || seen.has(layer.site.from) || kept.has(layer)) continue;
    if (category !== 'weights' && category !== 'recurrent' && category !== 'embedding') continue;
    if (layer.madeIn.class.scope.file !== context.file) continue;
    const { node } = layer.madeIn.class;
    if (layer.site.from < node.from || layer.site.to > node.to) continue;
    seen.add(layer.site.from);
    yield {
      at: layer.site,
      message: `This ${layer.type} is made anew at every forward pass: its weights are random each time and never trained.`,
    };
  }
}

/** A network that takes part in the loss, while the optimizers in the file only have others' parameters. */
function* forgottenModules(context: RuleContext): Generator<Problem> {
  const { trace, file, flow } = context;
  const optimizers = trace.objects.filter(({ type }) => type === 'optimizer');
  if (optimizers.length === 0) return;
  const given = new Set<Value>();
  for (const { call, slots } of optimizers) {
    const parameters = call.positional[0]?.value ?? call.keywords.get('params')?.value;
    const more = slots.get('more');
    if (!parameters || !collect(parameters, given)) return;
    if (more && !collect(more, given)) return;
  }
  const reported = new Set<Value>();
  for (const backward of eventsOf(trace, 'backward')) {
    const loss = lossOf(backward);
    if (!loss || !isHere(context, backward.site) || loss.gradient !== 'yes') continue;
    for (const [root, layers] of trainedNetworks(flow.ancestors(loss))) {
      if (reported.has(root) || root.assumed || root.site.file !== file || root.base !== 'torch.nn.Module') continue;
      const inside = modulesOf(root);
      if (inside.some((module) => given.has(module)) || !inside.some((module) => layers.has(module))) continue;
      if (inside.some((module) => 'slots' in module && setAside(module.slots))) continue;
      if (trace.events.some((event) => event.kind === 'unknown-call' && holds(event.call?.positional, root))) continue;
      if (/requires_grad|load_state_dict|pretrained|frozen|freeze/.test(file.source.text)) continue;
      reported.add(root);
      yield {
        at: root.site,
        message: `The parameters of this ${root.class.node.name} are never given to an optimizer, though the loss depends on them.`,
      };
    }
  }
}

/** The outermost networks among the ops that a loss is computed from, with their layers that take part. */
const trainedNetworks = (ops: Iterable<Op>): Map<Instance, Set<Value>> => {
  const networks = new Map<Instance, Set<Value>>();
  for (const { modules, gradient, layer } of ops) {
    const [root] = modules;
    if (!root || gradient !== 'yes' || !layer) continue;
    if (!networks.has(root)) networks.set(root, new Set());
    networks.get(root)!.add(layer);
  }
  return networks;
};

const setAside = (slots: ReadonlyMap<string, unknown>): boolean =>
  [' eval', ' loaded', ' given', 'frozen'].some((key) => slots.has(key));

const holds = (values: readonly { value: Value }[] | undefined, module: Value): boolean =>
  values?.some(({ value }) => value === module) ?? false;

/** Everything whose parameters an optimizer gets; false where some of it is not known. */
const collect = (value: Value, into: Set<Value>): boolean => {
  switch (value.kind) {
    case 'parameters-of':
      return value.owners.every((owner) => collectOwner(owner, into));
    case 'list':
      return value.exact && itemsOf(value).every((item) => collect(item, into));
    case 'dict': {
      const parameters = value.slots.get('params');
      return parameters !== undefined && collect(parameters, into);
    }
    case 'parameter':
      if (value.layer) into.add(value.layer);
      return value.layer !== undefined;
    default:
      return false;
  }
};

const collectOwner = (owner: Value, into: Set<Value>): boolean => {
  if (owner.kind === 'unknown') return false;
  if (owner.kind === 'parameters-of' || owner.kind === 'list') return collect(owner, into);
  if (owner.kind !== 'layer' && owner.kind !== 'instance' && owner.kind !== 'container') return false;
  for (const module of modulesOf(owner)) into.add(module);
  return true;
};
