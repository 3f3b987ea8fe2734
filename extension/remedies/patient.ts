/**
 * The model a remedy works on, and what its structure says: where the weights act, which activation follows, what is a
 * gate and what is an output. Graph: specialised and canonical (opset 18, every type known), forward only.
 */
import type { GraphBuilder } from '../onnx/builder';
import { type Value } from '../onnx/builder';
import { consumers, producers, type Graph, type Node } from '../onnx/graph';
import { isFloat, type Shape, type Tensor } from '../onnx/tensor';
import type { LayerInfo } from '../protocol/run';

export interface Patient {
  graph: Graph;
  g: GraphBuilder;
  /** As the exporter named them; remedies keep these names. */
  layers: readonly LayerInfo[];
  /** Names of the initializers that are trained; remedies add to it and take from it. */
  parameters: Set<string>;
  /** Standard normal and uniform [0, 1) draws, from the experiment's seed. */
  random: { normal: () => number; uniform: () => number };
  /** What a remedy has to tell about what it did. */
  notes: string[];
  /** Values at one batch, at the model's present weights; for remedies that look at data. */
  evaluate(names: readonly string[]): Promise<Map<string, Tensor>>;
}

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
  | 'prelu'
  | 'relu6';

/** An elementwise nonlinearity, however many nodes it takes. */
export interface Activation {
  layer: string;
  kind: ActivationKind;
  /** Negative slope of LeakyReLU. */
  slope?: number;
  input: Value;
  output: Value;
}

/** Weight layers in forward order. A weight that acts more than once (an unrolled recurrence, a tied table) is left out. */
export function weightLayers({ graph, g, parameters }: Patient): WeightLayer[] {
  const made = producers(graph);
  const takers = consumers(graph);
  const found: WeightLayer[] = [];
  const uses = new Map<string, number>();
  for (const node of graph.nodes) {
    if (!['Gemm', 'MatMul', 'Conv', 'ConvTranspose'].includes(node.opType)) continue;
    const operand = trainedOperand(graph, made, parameters, node);
    if (!operand) continue;
    const { weight, transposed, index } = operand;
    uses.set(weight, (uses.get(weight) ?? 0) + 1);
    if (index === 0 && node.opType !== 'MatMul') continue;
    const shape = graph.initializers.get(weight)!.shape;
    const bias = biasOf(graph, made, takers, parameters, node);
    const output = g.value(bias?.output ?? node.outputs[0]!);
    const convolution = node.opType === 'Conv' || node.opType === 'ConvTranspose';
    const transB = node.opType === 'Gemm' && node.attributes.transB?.value === 1;
    const featureAxis = convolution ? 1 : output.shape.length - 1;
    found.push({
      layer: node.layer,
      kind: node.opType === 'Conv' ? 'conv' : node.opType === 'ConvTranspose' ? 'conv-transpose' : 'linear',
      node,
      weight,
      shape,
      outputFirst: node.opType === 'Conv' || (node.opType !== 'ConvTranspose' && transB !== transposed),
      bias: bias?.name,
      input: g.value(node.inputs[1 - index]!),
      inputIndex: index === 1 ? 0 : 1,
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
  made: ReadonlyMap<string, Node>,
  parameters: ReadonlySet<string>,
  node: Node,
): { weight: string; transposed: boolean; index: 0 | 1 } | undefined {
  for (const index of [1, 0] as const) {
    let name = node.inputs[index] ?? '';
    let transposed = false;
    for (;;) {
      const maker = made.get(name);
      if (maker?.opType === 'Transpose') transposed = !transposed;
      else if (maker?.opType !== 'Identity') break;
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
  made: ReadonlyMap<string, Node>,
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
  const tensor = graph.initializers.get(other);
  return tensor && parameters.has(other) && tensor.shape.length === 1 && !made.has(other)
    ? { name: other, output: add.outputs[0]! }
    : undefined;
}

const operators: Readonly<Record<string, ActivationKind>> = {
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  Relu: 'relu',
  LeakyRelu: 'leaky-relu',
  Elu: 'elu',
  Selu: 'selu',
  Gelu: 'gelu',
  Mish: 'mish',
  Celu: 'celu',
  Softplus: 'softplus',
  Softsign: 'softsign',
  HardSigmoid: 'hard-sigmoid',
  HardSwish: 'hard-swish',
  PRelu: 'prelu',
};

/** Elementwise nonlinearities in forward order, each once: the Sigmoid inside a SiLU is not one of its own. */
export function activations({ graph, g }: Patient): Activation[] {
  const takers = consumers(graph);
  const found: Activation[] = [];
  const inner = new Set<Node>();
  for (const node of graph.nodes) {
    const compound = compoundActivation(takers, node);
    if (compound) {
      for (const part of compound.parts) inner.add(part);
      found.push({
        layer: node.layer,
        kind: compound.kind,
        input: g.value(compound.input),
        output: g.value(compound.output),
      });
      continue;
    }
    const kind = operators[node.opType];
    if (!kind || inner.has(node)) continue;
    found.push({
      layer: node.layer,
      kind,
      ...(kind === 'leaky-relu' ? { slope: (node.attributes.alpha?.value as number | undefined) ?? 0.01 } : {}),
      input: g.value(node.inputs[0]!),
      output: g.value(node.outputs[0]!),
    });
  }
  return found;
}

/** SiLU = x·σ(x), Mish = x·tanh(softplus(x)) and GELU = x·½(1 + erf(x/√2)) or its tanh form, from their first node. */
function compoundActivation(
  takers: ReadonlyMap<string, Node[]>,
  node: Node,
): { kind: ActivationKind; input: string; output: string; parts: Node[] } | undefined {
  const input = node.inputs[0] ?? '';
  const only = (from: Node, opType: string): Node | undefined => {
    const next = takers.get(from.outputs[0]!) ?? [];
    return next.length === 1 && next[0]!.opType === opType ? next[0] : undefined;
  };
  if (node.opType === 'Sigmoid') {
    const mul = only(node, 'Mul');
    return mul?.inputs.includes(input) ? { kind: 'silu', input, output: mul.outputs[0]!, parts: [mul] } : undefined;
  }
  if (node.opType === 'Softplus') {
    const tanh = only(node, 'Tanh');
    const mul = tanh && only(tanh, 'Mul');
    return mul?.inputs.includes(input)
      ? { kind: 'mish', input, output: mul.outputs[0]!, parts: [tanh!, mul] }
      : undefined;
  }
  return undefined;
}

/** Whether a weight layer comes after a value on the way to the outputs. */
export function feedsWeights(patient: Patient, layers: readonly WeightLayer[], value: string): boolean {
  const takers = consumers(patient.graph);
  const products = new Set(layers.map(({ node }) => node));
  const seen = new Set<string>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop())
    for (const node of takers.get(name) ?? []) {
      if (products.has(node)) return true;
      for (const output of node.outputs)
        if (!seen.has(output)) {
          seen.add(output);
          open.push(output);
        }
    }
  return false;
}

/** Whether a value scales another one (the gate of an LSTM, a highway layer, squeeze-and-excite). */
function isGate(patient: Patient, takers: ReadonlyMap<string, Node[]>, { output }: Activation): boolean {
  return (takers.get(output.name) ?? []).some(
    (node) =>
      (node.opType === 'Mul' || (node.opType === 'Sub' && node.inputs[1] === output.name)) &&
      node.inputs.every((name) => !patient.graph.initializers.has(name)),
  );
}

/** The activations that may be swapped: hidden ones, not an output's, not a gate's, not those inside a recurrent layer. */
export function hiddenActivations(patient: Patient): Activation[] {
  const weights = weightLayers(patient);
  const takers = consumers(patient.graph);
  const recurrent = new Set(patient.layers.filter(({ kind }) => kind === 'recurrent').map(({ name }) => name));
  return activations(patient).filter(
    (activation) =>
      !isGate(patient, takers, activation) &&
      ![...recurrent].some((name) => activation.layer === name || activation.layer.startsWith(`${name}.`)) &&
      feedsWeights(patient, weights, activation.output.name),
  );
}

/** The activation that a weight layer's output runs into, normalization, dropout and reshaping passed over. */
export function activationAfter(patient: Patient, { output }: WeightLayer): Activation | undefined {
  const byInput = new Map(activations(patient).map((activation) => [activation.input.name, activation]));
  const takers = consumers(patient.graph);
  let name = output.name;
  for (let steps = 0; steps < 8; steps++) {
    const activation = byInput.get(name);
    if (activation) return activation;
    const next = (takers.get(name) ?? []).filter(({ opType }) => passedOver.has(opType));
    if (next.length !== 1) return undefined;
    name = next[0]!.outputs[0]!;
  }
  return undefined;
}

const passedOver = new Set([
  'BatchNormalization',
  'LayerNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'Dropout',
  'Identity',
  'Reshape',
  'Flatten',
  'Transpose',
  'MaxPool',
  'AveragePool',
]);

/** A weight layer with the activation that follows it, between two values: what a skip can go around. */
export interface Block {
  weights: WeightLayer;
  activation?: Activation;
  input: Value;
  output: Value;
}

/** Weight layers that are followed by a hidden activation, with it, in forward order. */
export function blocks(patient: Patient): Block[] {
  const hidden = new Set(hiddenActivations(patient).map(({ output }) => output.name));
  return weightLayers(patient).flatMap((weights) => {
    const activation = activationAfter(patient, weights);
    return activation && hidden.has(activation.output.name)
      ? [{ weights, activation, input: weights.input, output: activation.output }]
      : [];
  });
}
