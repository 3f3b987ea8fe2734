/**
 * The layers of a model as a PyTorch user knows them: leaf modules such as `layers.3`, and functions called in a
 * module's own `forward` under the name of the function (`relu`, `relu_1`). A plain ONNX model without module names has
 * one layer for each node with parameters and one for each activation.
 */
import type { LayerInfo, LayerKind } from '../protocol/run';
import { consumers, producers, type Graph, type Node } from './graph';
import { isFloat, sizeOf } from './tensor';

export interface Layer {
  info: LayerInfo;
  /** The value that is the layer's output activation. */
  output: string;
  /** In topological order; nodes that only prepare weights are not among them. */
  nodes: readonly Node[];
}

/** @param parameters names of the trainable initializers (see `findParameters`); in forward order */
export function findLayers(graph: Graph, parameters: readonly string[]): Layer[] {
  const network = analyse(graph, parameters);
  const scores = scoresOf(network);
  const groups = [...groupsByModule(network)].flatMap(([path, calls]) =>
    path !== '' && isLeaf(path, network) && !calls.some((call) => doesSeveralThings(call, network))
      ? moduleGroups(path, calls, network)
      : functionGroups(path, calls.flat(), network),
  );
  return groups
    .map((group) => ({ ...group, at: network.order.get(group.nodes.at(-1)!)! }))
    .sort((a, b) => a.at - b.at)
    .flatMap((group) => toLayer(group, network, scores))
    .map(uniquelyNamed());
}

/** Has layers keep their names whatever is put in below them: a norm at `layers.3.norm` makes no container of `layers.3`. */
export function keepModules(graph: Graph): void {
  graph.modules = analyse(graph, []).modules;
}

/** Nodes that will be a layer. */
interface Group {
  name: string;
  nodes: readonly Node[];
}

interface Network {
  graph: Graph;
  /** Nodes whose results depend on the inputs of the model: what makes activations, not what prepares weights. */
  live: readonly Node[];
  order: ReadonlyMap<Node, number>;
  /** The parameters that a node uses, directly or prepared. */
  parametersOf: (node: Node) => string[];
  makers: ReadonlyMap<string, Node>;
  takers: ReadonlyMap<string, readonly Node[]>;
  modules: ReadonlySet<string>;
}

function analyse(graph: Graph, parameters: readonly string[]): Network {
  const known = new Set(parameters);
  const liveValues = new Set(graph.inputs.map(({ name }) => name));
  const prepared = new Map<string, string[]>(parameters.map((name) => [name, [name]]));
  const live: Node[] = [];
  const used = new Map<Node, string[]>();
  for (const node of graph.nodes) {
    const own = [...new Set(node.inputs.flatMap((input) => prepared.get(input) ?? []))];
    const isLive =
      !shapeOperators.has(node.opType) &&
      (dataInputs(node).some((input) => liveValues.has(input)) || randomOperators.has(node.opType));
    if (isLive) {
      live.push(node);
      used.set(node, own);
      for (const output of node.outputs) liveValues.add(output);
    } else if (!shapeOperators.has(node.opType)) for (const output of node.outputs) prepared.set(output, own);
  }
  return {
    graph,
    live,
    order: new Map(live.map((node, i) => [node, i])),
    parametersOf: (node) => (used.get(node) ?? []).filter((name) => known.has(name)),
    makers: producers(graph),
    takers: consumers(graph),
    modules: graph.modules ?? new Set(live.map(({ layer }) => layer)),
  };
}

/** The second input of CastLike gives nothing but its type. */
const dataInputs = ({ opType, inputs }: Node): string[] => (opType === 'CastLike' ? inputs.slice(0, 1) : inputs);

const shapeOperators = new Set(['Shape', 'Size', 'Constant', 'ConstantOfShape']);
const randomOperators = new Set(['RandomNormal', 'RandomUniform']);

/** The live nodes of each module, one list for each time the module is called. */
function groupsByModule({ live }: Network): Map<string, Node[][]> {
  const calls = new Map<string, Node[][]>();
  let before: string | undefined;
  for (const node of live) {
    const found = calls.get(node.layer) ?? [];
    if (node.layer === before && found.length > 0) found.at(-1)!.push(node);
    else found.push([node]);
    calls.set(node.layer, found);
    before = node.layer;
  }
  return calls;
}

const isLeaf = (path: string, { modules }: Network): boolean =>
  ![...modules].some((other) => other.startsWith(`${path}.`));

/** A module of the user's own that computes several layers in one `forward`, from parameters of its own. */
function doesSeveralThings(nodes: readonly Node[], network: Network): boolean {
  const parameters = new Set(nodes.flatMap(network.parametersOf));
  if (parameters.size === 0 || isRecurrent(nodes, parameters) || isAttention(nodes)) return false;
  const products = nodes.filter((node) => productOperators.has(node.opType) && network.parametersOf(node).length > 0);
  const activations = nodes.filter(({ opType }) => activationOperators.has(opType));
  return products.length > 1 || (products.length === 1 && activations.length > 0);
}

/**
 * A leaf module is one layer, however often it is called when it has parameters; an activation module that is called
 * again is another layer each time, because each call has its own gradient.
 */
function moduleGroups(path: string, calls: readonly Node[][], network: Network): Group[] {
  const nodes = calls.flat();
  if (nodes.some((node) => network.parametersOf(node).length > 0)) return [{ name: path, nodes }];
  return calls.filter((call) => call.some(doesWork)).map((call) => ({ name: path, nodes: call }));
}

/** The functions called in a module's own `forward`: each parameterised node, activation, pooling is a layer. */
function functionGroups(path: string, nodes: readonly Node[], network: Network): Group[] {
  const groups: Group[] = [];
  const taken = new Set<Node>();
  const mine = new Set(nodes);
  for (const node of nodes) {
    if (taken.has(node)) continue;
    const members = functionFrom(node, network).filter((member) => mine.has(member) && !taken.has(member));
    if (members.length === 0) continue;
    for (const member of members) taken.add(member);
    groups.push({ name: functionName(path, members, network), nodes: members });
  }
  return groups;
}

/** The nodes of the function that begins with `node`; none where `node` begins no layer. */
function functionFrom(node: Node, network: Network): Node[] {
  if (network.parametersOf(node).length > 0) return withBias(node, network);
  if (node.opType === 'Softmax') return softmaxOrAttention(node, network);
  if (activationOperators.has(node.opType)) return wholeActivation(node, network);
  return doesWork(node) ? [node] : [];
}

/** A product and the bias added to it where that is a node of its own. */
function withBias(node: Node, network: Network): Node[] {
  const next = onlyTaker(node, network);
  return productOperators.has(node.opType) && next?.opType === 'Add' && network.parametersOf(next).length > 0
    ? [node, next]
    : [node];
}

/** Softmax(QKᵀ)·V is one layer, whose output is the product. */
function softmaxOrAttention(node: Node, network: Network): Node[] {
  const chain = [node];
  for (let next = onlyTaker(node, network); next; next = onlyTaker(next, network)) {
    chain.push(next);
    if (next.opType === 'MatMul') return chain;
    if (!['Dropout', 'Cast', 'Identity'].includes(next.opType)) break;
  }
  return [node];
}

/**
 * Exporters write SiLU, Mish, GELU and Softplus as several nodes, the last of which takes the function's input or a
 * multiple of it once more: x·sigmoid(x), x·tanh(softplus(x)), x·(1+erf(x/√2))·½, where(x > 20, x, softplus(x)).
 */
function wholeActivation(node: Node, network: Network): Node[] {
  const origins = new Set(functionsOf(node.inputs[0] ?? '', network));
  const chain = [node];
  let origin = '';
  let whole = chain.length;
  let current: Node | undefined = node;
  for (let step = 0; step < 6; step++) {
    const next: Node | undefined = onlyTaker(current, network);
    if (!next || !elementwise.has(next.opType)) break;
    chain.push(next);
    const value = current.outputs[0];
    const shared = next.inputs
      .filter((input) => input !== value)
      .flatMap((input) => functionsOf(input, network))
      .find((x) => origins.has(x));
    if (shared !== undefined) [whole, origin] = [chain.length, shared];
    current = next;
  }
  if (whole === 1) return [node];
  // ½ may come last.
  const halved = onlyTaker(chain[whole - 1]!, network);
  const isHalf =
    node.opType === 'Erf' && halved?.opType === 'Mul' && !halved.inputs.every((input) => isLiveValue(input, network));
  const members = isHalf ? [...chain.slice(0, whole), halved] : chain.slice(0, whole);
  return [...preparationOf(members, origin, network), ...members];
}

/** The nodes between the input of an activation and its own nodes: x/√2 of GELU, or the polynomial of its tanh form. */
function preparationOf(members: readonly Node[], origin: string, network: Network): Node[] {
  const found = new Set<Node>();
  const own = new Set(members);
  const visit = (value: string): void => {
    const maker = value === origin ? undefined : network.makers.get(value);
    if (!maker || own.has(maker) || found.has(maker) || !network.order.has(maker)) return;
    found.add(maker);
    for (const input of maker.inputs) visit(input);
  };
  for (const { inputs } of members) for (const input of inputs) visit(input);
  return [...found].sort((a, b) => network.order.get(a)! - network.order.get(b)!);
}

const elementwise = new Set(['Mul', 'Add', 'Div', 'Where', 'Tanh', 'Cast', 'Pow']);

const isLiveValue = (value: string, network: Network): boolean =>
  network.graph.inputs.some(({ name }) => name === value) || network.order.has(network.makers.get(value)!);

/** A value and the earlier ones that it is a function of alone, element by element: a multiple, or x + 0.04 x³. */
function functionsOf(value: string, network: Network): string[] {
  const found = [value];
  let open = new Set([value]);
  for (let steps = 0; steps < 8; steps++) {
    const makers = [...open].map((each) => network.makers.get(each)).filter((node) => node !== undefined);
    const last = makers.sort((a, b) => (network.order.get(b) ?? -1) - (network.order.get(a) ?? -1))[0];
    if (!last || !arithmetic.has(last.opType)) break;
    const inputs = last.inputs.filter((input) => isLiveValue(input, network));
    open = new Set([...[...open].filter((each) => !last.outputs.includes(each)), ...inputs]);
    if (open.size === 0) break;
    if (open.size === 1) found.push(...open);
  }
  return found;
}

const arithmetic = new Set(['Mul', 'Div', 'Cast', 'Identity', 'Add', 'Pow']);

/** The only node that takes the result of a node, where it is no output of the model. */
function onlyTaker(node: Node, { takers, graph }: Network): Node | undefined {
  const output = node.outputs[0] ?? '';
  const nodes = (takers.get(output) ?? []).filter((taker) => dataInputs(taker).includes(output));
  return nodes.length === 1 && !graph.outputs.some(({ name }) => name === output) ? nodes[0] : undefined;
}

/** Below the path of the module: the owner of the parameters, the parameter itself, or the function. */
function functionName(path: string, nodes: readonly Node[], network: Network): string {
  const below = (name: string): string => (path ? `${path}.${name}` : name);
  const parameters = nodes.flatMap(network.parametersOf).filter((name) => !isAnonymous(name));
  const [first] = parameters;
  if (first !== undefined) {
    const owner = first.split('.').slice(0, -1).join('.');
    return owner !== '' && (owner !== path || isLeaf(path, network)) ? owner : first;
  }
  const op = mainOperator(nodes, network);
  const name = functionNames[op] ?? op.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
  const isUnnamedLayer = nodes.some((node) => network.parametersOf(node).length > 0) && path === '';
  return isUnnamedLayer ? nodes[0]!.name.replaceAll('/', '.').replace(/^\./, '') : below(name);
}

const functionNames: Readonly<Record<string, string>> = {
  Swish: 'silu',
  PRelu: 'prelu',
  HardSwish: 'hardswish',
  HardSigmoid: 'hardsigmoid',
  LogSoftmax: 'log_softmax',
  Gemm: 'linear',
  MatMul: 'linear',
};

/** Names that exporters make up for weights they have rewritten. */
const isAnonymous = (name: string): boolean => name.includes('::') || /^(?:val_)?\d+$/.test(name);

function toLayer({ name, nodes }: Group, network: Network, scores: ReadonlySet<string>): Layer[] {
  const output = outputOf(nodes, network);
  if (output === undefined) return [];
  const parameters = [...new Set(nodes.flatMap(network.parametersOf))];
  const op = mainOperator(nodes, network);
  return [
    {
      info: {
        name,
        op,
        kind: kindOf(op),
        parameters,
        source: nodes.find(({ source }) => source)?.source,
        // A function in a module's `forward` is not created by what creates the module.
        ...(nodes[0]!.layer === name && nodes[0]!.created ? { created: nodes[0]!.created } : {}),
        ...(scores.has(output) ? { scores: true } : {}),
      },
      output,
      nodes,
    },
  ];
}

/** The values that reach the outputs of the model through the shares of an attention alone. */
function scoresOf(network: Network): Set<string> {
  const scores = new Set<string>();
  const results = new Set(network.graph.outputs.map(({ name }) => name));
  const mattersOnlyTo = (node: Node, value: string): boolean => {
    if (node.opType === 'Softmax') return isMixing(node, network);
    if (node.opType === 'Attention') return node.inputs[valuesOfAttention] !== value;
    return node.outputs.every((output) => output === '' || scores.has(output));
  };
  for (const node of [...network.live].reverse())
    for (const output of node.outputs) {
      const takers = (network.takers.get(output) ?? []).filter((taker) => network.order.has(taker));
      if (takers.length > 0 && !results.has(output) && takers.every((taker) => mattersOnlyTo(taker, output)))
        scores.add(output);
    }
  return scores;
}

/** Which input of the operator Attention is V. */
const valuesOfAttention = 2;

/** Whether the shares that a softmax gives weigh other activations, and are not the network's answer. */
function isMixing(softmax: Node, network: Network): boolean {
  const shares = new Set(softmax.outputs);
  for (const value of shares)
    for (const node of network.takers.get(value) ?? []) {
      const isProduct = ['MatMul', 'Mul', 'Einsum'].includes(node.opType);
      if (isProduct && node.inputs.some((input) => !shares.has(input) && isLiveValue(input, network))) return true;
      if (keepingShares.has(node.opType)) for (const output of node.outputs) shares.add(output);
    }
  return false;
}

const keepingShares = new Set(
  'Cast CastLike Div Dropout Expand Gather Identity Mul Reshape Slice Split Squeeze Transpose Unsqueeze Where'.split(
    ' ',
  ),
);

/** The last value that leaves the layer; the largest where it returns several, as recurrent modules do. */
function outputOf(nodes: readonly Node[], { graph, takers }: Network): string | undefined {
  const mine = new Set(nodes);
  const results = new Set(graph.outputs.map(({ name }) => name));
  const leaving = nodes
    .filter(({ opType }) => !notFloat.has(opType))
    .flatMap(({ outputs }) => outputs)
    .filter((value) => value !== '' && isFloat(graph.types.get(value)?.dtype ?? 'float32'))
    .filter((value) => results.has(value) || (takers.get(value) ?? []).some((node) => !mine.has(node)));
  const sizes = leaving.map((value) => sizeOf(graph.types.get(value)?.shape ?? []));
  return leaving[sizes.lastIndexOf(Math.max(...sizes))];
}

const notFloat = new Set([
  'Equal',
  'Less',
  'LessOrEqual',
  'Greater',
  'GreaterOrEqual',
  'Not',
  'And',
  'Or',
  'Xor',
  'ArgMax',
  'ArgMin',
  'IsNaN',
  'IsInf',
  'NonZero',
]);

function uniquelyNamed(): (layer: Layer) => Layer {
  const taken = new Set<string>();
  return (layer) => {
    let { name } = layer.info;
    for (let i = 1; taken.has(name); i++) name = `${layer.info.name}_${i}`;
    taken.add(name);
    return { ...layer, info: { ...layer.info, name } };
  };
}

const productOperators = new Set(['Gemm', 'MatMul', 'Conv', 'ConvTranspose', 'Einsum']);

const kinds: Readonly<Record<LayerKind, readonly string[]>> = {
  recurrent: ['LSTM', 'GRU', 'RNN', 'Scan', 'Loop'],
  attention: ['Attention'],
  conv: ['Conv', 'ConvTranspose'],
  linear: ['Gemm', 'MatMul', 'Einsum'],
  norm: [
    'BatchNormalization',
    'LayerNormalization',
    'GroupNormalization',
    'InstanceNormalization',
    'RMSNormalization',
    'SimplifiedLayerNormalization',
    'LpNormalization',
    'MeanVarianceNormalization',
    'LRN',
  ],
  embedding: ['Gather'],
  activation: [
    'Gelu',
    'Mish',
    'Swish',
    'Softplus',
    'HardSwish',
    'Relu',
    'LeakyRelu',
    'PRelu',
    'ThresholdedRelu',
    'Elu',
    'Celu',
    'Selu',
    'Sigmoid',
    'HardSigmoid',
    'Tanh',
    'Softsign',
    'Softmax',
    'LogSoftmax',
    'Hardmax',
    'Erf',
    'Clip',
    'Shrink',
  ],
  pooling: ['MaxPool', 'AveragePool', 'LpPool', 'GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'],
  dropout: ['Dropout'],
  other: [],
};

const activationOperators = new Set(kinds.activation);
const kindByOperator = new Map(
  Object.entries(kinds).flatMap(([kind, operators]) => operators.map((op) => [op, kind as LayerKind] as const)),
);
const kindOf = (op: string): LayerKind => kindByOperator.get(op) ?? 'other';

const doesWork = ({ opType }: Node): boolean =>
  kindByOperator.has(opType) &&
  !productOperators.has(opType) &&
  opType !== 'Gather' &&
  opType !== 'Scan' &&
  opType !== 'Loop';

const isRecurrent = (nodes: readonly Node[], parameters: Iterable<string>): boolean =>
  nodes.some(({ opType }) => ['LSTM', 'GRU', 'RNN'].includes(opType)) ||
  [...parameters].some((name) => /weight_hh/.test(name));

/** A softmax between two products of activations. */
const isAttention = (nodes: readonly Node[]): boolean =>
  nodes.some(({ opType }) => opType === 'Attention') ||
  (nodes.some(({ opType }) => opType === 'Softmax') && nodes.filter(({ opType }) => opType === 'MatMul').length > 1);

/** Whether a node takes rows of a parameter that are the same for every input, as of an embedding of positions. */
const takesFromTable = (node: Node, { makers, parametersOf }: Network): boolean =>
  parametersOf(node).length > 0 &&
  node.inputs.some((input) => {
    const maker = makers.get(input);
    return maker?.opType === 'Gather' && parametersOf(node).includes(maker.inputs[0]!);
  });

/** The operator that does a layer's work, by the name ONNX has for it even where the exporter wrote it as several. */
function mainOperator(nodes: readonly Node[], network: Network): string {
  const ops = new Set(nodes.map(({ opType }) => opType));
  const parameters = new Set(nodes.flatMap(network.parametersOf));
  if (isRecurrent(nodes, parameters)) return kinds.recurrent.find((op) => ops.has(op)) ?? 'RNN';
  if (isAttention(nodes) || (nodes[0]?.opType === 'Softmax' && ops.has('MatMul'))) return 'Attention';
  const product = nodes.find((node) => productOperators.has(node.opType) && network.parametersOf(node).length > 0);
  if (product) return product.opType;
  if (ops.has('Erf') || (ops.has('Tanh') && ops.has('Pow'))) return 'Gelu';
  if (ops.has('Softplus') && ops.has('Tanh')) return 'Mish';
  if (ops.has('Mul') && ops.has('Sigmoid')) return 'Swish';
  if (ops.has('Mul') && ops.has('HardSigmoid')) return 'HardSwish';
  for (const candidates of Object.values(kinds)) {
    const found = candidates.find((op) => ops.has(op) && !productOperators.has(op));
    if (found && (found !== 'Gather' || parameters.size > 0)) return found;
  }
  if (nodes.some((node) => takesFromTable(node, network))) return 'Gather';
  if (ops.has('ReduceMean') && (ops.has('Sqrt') || ops.has('Pow')) && parameters.size > 0) return 'LayerNormalization';
  return (nodes.find((node) => network.parametersOf(node).length > 0) ?? nodes[0]!).opType;
}
