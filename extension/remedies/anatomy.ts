/**
 * What the structure of a model says: where its weights act, which activation follows, what is a gate and what an
 * output. Read once before a remedy changes anything; a changed model is examined again.
 */
import type { GraphBuilder, Value } from '../onnx/builder';
import { attribute, consumers, producers, type Graph, type Node } from '../onnx/graph';
import { findLayers, type Layer } from '../onnx/layers';
import { isFloat, type Shape } from '../onnx/tensor';
import type { Patient } from './patient';

export type WeightKind = 'linear' | 'conv' | 'conv-transpose';

/** A node that multiplies by a trained weight. */
export interface WeightLayer {
  /** Dotted module path. */
  layer: string;
  kind: WeightKind;
  node: Node;
  /** Initializer of the weight, in the layout that the model stores. */
  weight: string;
  shape: Shape;
  /** Whether the stored layout is PyTorch's (output features first); `[in, out]` otherwise. */
  outputFirst: boolean;
  bias?: string;
  /** What it takes, and as which input of the node. */
  input: Value;
  inputIndex: 0 | 1;
  /** What it gives, the bias added. */
  output: Value;
  features: number;
  /** Axis of `output` that holds the features. */
  featureAxis: number;
}

export type ActivationKind =
  | 'sigmoid'
  | 'tanh'
  | 'relu'
  | 'leaky-relu'
  | 'elu'
  | 'selu'
  | 'gelu'
  | 'silu'
  | 'mish'
  | 'softplus'
  | 'softsign'
  | 'hard-sigmoid'
  | 'hard-swish'
  | 'celu'
  | 'prelu';

/** An elementwise nonlinearity, however many nodes it takes. */
export interface Activation {
  layer: string;
  kind: ActivationKind;
  /** Negative slope of LeakyReLU. */
  slope?: number;
  input: Value;
  output: Value;
}

/** A weight layer with the hidden activation that follows it, between two values: what a skip can go around. */
export interface Block {
  weights: WeightLayer;
  activation: Activation;
  input: Value;
  output: Value;
}

export interface Anatomy {
  layers: readonly Layer[];
  /** In forward order. A weight that acts more than once (an unrolled recurrence, a tied table) is left out. */
  weights: readonly WeightLayer[];
  /** The activations that may be swapped: hidden, not an output's, not a gate's, not inside a recurrent layer. */
  hidden: readonly Activation[];
  /** The activation that a weight layer's output runs into, normalization, dropout and reshaping passed over. */
  activationAfter: (weights: WeightLayer) => Activation | undefined;
  /** Weight layers that run into a hidden activation. */
  blocks: readonly Block[];
  /** Whether a normalization follows a weight layer directly. */
  isNormalized: (weights: WeightLayer) => boolean;
}

export function examine({ graph, g, parameters }: Patient): Anatomy {
  const layers = findLayers(graph, [...parameters]);
  const takers = consumers(graph);
  const layerOf = new Map(layers.flatMap(({ info, nodes }) => nodes.map((node) => [node, info.name] as const)));
  const weights = weightLayers(graph, g, parameters, takers, (node) => layerOf.get(node) ?? node.layer);
  const order = new Map(graph.nodes.flatMap((node, i) => node.outputs.map((name) => [name, i] as const)));
  const activations = layers.flatMap((layer) => readActivation(graph, g, order, layer) ?? []);
  const byInput = new Map(activations.map((activation) => [activation.input.name, activation]));
  const normalizations = layers.filter(({ info }) => info.kind === 'norm');
  const normalized = new Set(normalizations.flatMap(({ nodes }) => nodes.flatMap(({ inputs }) => inputs)));
  const passed = new Map(
    [...normalizations, ...layers.filter(({ info }) => info.kind === 'dropout' || info.kind === 'pooling')].flatMap(
      ({ nodes, output }) => nodes[0]!.inputs.slice(0, 1).map((name) => [name, output] as const),
    ),
  );
  const activationAfter = ({ output }: WeightLayer): Activation | undefined => {
    let name = output.name;
    for (;;) {
      const activation = byInput.get(name);
      if (activation) return activation;
      const next = passed.get(name) ?? (takers.get(name) ?? []).find(({ opType }) => reshaping.has(opType))?.outputs[0];
      if (next === undefined) return undefined;
      name = next;
    }
  };
  const feeding = valuesBeforeWeights(graph);
  const hidden = activations.filter(
    ({ output }) => feeding.has(output.name) && !isGate(graph, takers.get(output.name) ?? [], output.name),
  );
  const hiddenOutputs = new Set(hidden.map(({ output }) => output.name));
  const blocks = weights.flatMap((weight): Block[] => {
    const activation = activationAfter(weight);
    return activation && hiddenOutputs.has(activation.output.name)
      ? [{ weights: weight, activation, input: weight.input, output: activation.output }]
      : [];
  });
  return {
    layers,
    weights,
    hidden,
    activationAfter,
    blocks,
    isNormalized: ({ output }) => normalized.has(output.name),
  };
}

const products = new Set(['Gemm', 'MatMul', 'Conv', 'ConvTranspose']);

function weightLayers(
  graph: Graph,
  g: GraphBuilder,
  parameters: ReadonlySet<string>,
  takers: ReadonlyMap<string, Node[]>,
  layerOf: (node: Node) => string,
): WeightLayer[] {
  const makers = producers(graph);
  const found: WeightLayer[] = [];
  const uses = new Map<string, number>();
  for (const node of graph.nodes) {
    const operand = products.has(node.opType) ? trainedOperand(graph, makers, parameters, node) : undefined;
    if (!operand) continue;
    const { weight, transposed, index } = operand;
    uses.set(weight, (uses.get(weight) ?? 0) + 1);
    if (index === 0 && node.opType !== 'MatMul') continue;
    const bias = biasOf(graph, takers, parameters, node);
    const output = g.value(bias?.output ?? node.outputs[0]!);
    const convolution = node.opType === 'Conv' || node.opType === 'ConvTranspose';
    const transB = attribute(node, 'transB', 'int') === 1;
    const inputIndex = index === 1 ? 0 : 1;
    const featureAxis = convolution ? 1 : output.shape.length - 1;
    found.push({
      layer: layerOf(node),
      kind: node.opType === 'Conv' ? 'conv' : node.opType === 'ConvTranspose' ? 'conv-transpose' : 'linear',
      node,
      weight,
      shape: graph.initializers.get(weight)!.shape,
      outputFirst: node.opType === 'Conv' || (node.opType !== 'ConvTranspose' && transB !== transposed),
      bias: bias?.name,
      input: g.value(node.inputs[inputIndex]!),
      inputIndex,
      output,
      features: output.shape[featureAxis]!,
      featureAxis,
    });
  }
  return found.filter(({ weight }) => uses.get(weight) === 1);
}

/** The trained initializer that a product takes, looked for through Transpose and Identity. */
function trainedOperand(
  graph: Graph,
  makers: ReadonlyMap<string, Node>,
  parameters: ReadonlySet<string>,
  node: Node,
): { weight: string; transposed: boolean; index: 0 | 1 } | undefined {
  for (const index of [1, 0] as const) {
    let name = node.inputs[index] ?? '';
    let transposed = false;
    for (let maker = makers.get(name); maker; maker = makers.get(name)) {
      if (maker.opType === 'Transpose') transposed = !transposed;
      else if (maker.opType !== 'Identity') break;
      name = maker.inputs[0]!;
    }
    const tensor = graph.initializers.get(name);
    if (tensor && parameters.has(name) && isFloat(tensor.dtype) && tensor.shape.length >= 2)
      return { weight: name, transposed, index };
  }
  return undefined;
}

/** The bias of a product: its own third input, or the one trained vector that a lone Add puts on it. */
function biasOf(
  graph: Graph,
  takers: ReadonlyMap<string, Node[]>,
  parameters: ReadonlySet<string>,
  node: Node,
): { name: string; output: string } | undefined {
  const product = node.outputs[0]!;
  const own = node.inputs[2];
  if (own) return { name: own, output: product };
  const [add, ...others] = takers.get(product) ?? [];
  if (add?.opType !== 'Add' || others.length > 0) return undefined;
  const other = add.inputs.find((input) => input !== product) ?? '';
  return parameters.has(other) && graph.initializers.get(other)?.shape.length === 1
    ? { name: other, output: add.outputs[0]! }
    : undefined;
}

const activationKinds: Readonly<Record<string, ActivationKind>> = {
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Relu: 'relu',
  LeakyRelu: 'leaky-relu',
  Elu: 'elu',
  Selu: 'selu',
  Gelu: 'gelu',
  Swish: 'silu',
  Mish: 'mish',
  Celu: 'celu',
  Softplus: 'softplus',
  Softsign: 'softsign',
  HardSigmoid: 'hard-sigmoid',
  HardSwish: 'hard-swish',
  PRelu: 'prelu',
};

/** An activation layer between the value that it takes and the one that it gives. */
function readActivation(
  graph: Graph,
  g: GraphBuilder,
  order: ReadonlyMap<string, number>,
  { info, nodes, output }: Layer,
): Activation | undefined {
  const kind = info.kind === 'activation' ? activationKinds[info.op] : undefined;
  if (!kind) return undefined;
  const mine = new Set(nodes.flatMap((node) => node.outputs));
  // GELU may take x and x/√2: the earlier of the two is the input.
  const inputs = nodes
    .flatMap((node) => node.inputs)
    .filter((name) => name && !mine.has(name) && !graph.initializers.has(name))
    .sort((a, b) => (order.get(a) ?? -1) - (order.get(b) ?? -1));
  if (inputs[0] === undefined) return undefined;
  const leaky = nodes.find(({ opType }) => opType === 'LeakyRelu');
  return {
    layer: info.name,
    kind,
    ...(leaky ? { slope: attribute(leaky, 'alpha', 'float') ?? 0.01 } : {}),
    input: g.value(inputs[0]),
    output: g.value(output),
  };
}

/** The values that a product of the network depends on. What none depends on belongs to an output. */
function valuesBeforeWeights(graph: Graph): Set<string> {
  const found = new Set<string>();
  for (const node of graph.nodes.toReversed())
    if (products.has(node.opType) || node.outputs.some((output) => found.has(output)))
      for (const input of node.inputs) found.add(input);
  return found;
}

/** Whether a value scales another one (the gate of an LSTM, a highway layer, squeeze-and-excite). */
const isGate = (graph: Graph, takers: readonly Node[], value: string): boolean =>
  takers.some(
    ({ opType, inputs }) =>
      (opType === 'Mul' || (opType === 'Sub' && inputs[1] === value)) &&
      inputs.every((name) => name === value || !graph.initializers.has(name)),
  );

const reshaping = new Set(['Identity', 'Reshape', 'Flatten', 'Transpose']);
