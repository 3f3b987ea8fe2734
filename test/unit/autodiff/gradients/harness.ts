/**
 * Checks one gradient rule on one node: a graph of that node, the rule's nodes behind it, and central differences of
 * L = Σ wᵢ·yᵢ with fixed weights. In float64 to 1e-6 where the runtime has the kernels, and then in float32 against
 * float64; in float32 alone to 1e-2.
 */
import assert from 'node:assert/strict';
import { GraphBuilder, type Value } from '../../../../extension/onnx/builder';
import { attribute, emptyGraph, type Node } from '../../../../extension/onnx/graph';
import { isFloat, numbers, sizeOf, tensor, type Tensor, type TensorType } from '../../../../extension/onnx/tensor';
import type { GradientRule, RuleContext } from '../../../../extension/autodiff/rule';
import { asTensor, type GradientCase } from './cases/case';
import { openSession, run } from './model';

/** Operators that the runtime has no float64 kernel for, themselves or in their gradient. */
const singleOnly = new Set(
  (
    'Mean Erf Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Cast LeakyRelu Elu Selu Celu Softplus Softsign Mish Shrink ' +
    'ThresholdedRelu HardSigmoid HardSwish ReduceL1 ReduceL2 ReduceLogSum SpaceToDepth BatchNormalization ' +
    'InstanceNormalization Conv ConvTranspose AveragePool GlobalAveragePool GlobalMaxPool LpPool GlobalLpPool LRN LpNormalization Det Col2Im ReduceProd ' +
    'MaxUnpool Resize GridSample MeanVarianceNormalization OneHot'
  ).split(' '),
);

type Precision = 'float32' | 'float64';

export async function check(rule: GradientRule, example: GradientCase): Promise<void> {
  const single = example.single ?? singleOnly.has(example.op);
  const precision = single ? 'float32' : 'float64';
  const step = example.step ?? (single ? 1e-2 : 1e-4);
  const node = await OneNode.of(example, precision);
  const gradients = await node.gradients(rule);
  assert.ok(gradients.size > 0, 'the rule gives no gradient');
  for (const [input, gradient] of gradients) {
    const expected = example.expected?.[input] ?? (await node.finiteDifferences(input, step));
    compare(numbers(gradient), expected, single ? 1e-2 : 1e-6, `input ${input} in ${precision}`);
  }
  if (single) return;
  const inSingle = await (await OneNode.of(example, 'float32')).gradients(rule);
  for (const [input, gradient] of inSingle) {
    assert.equal(gradient.dtype, 'float32');
    compare(numbers(gradient), numbers(gradients.get(input)!), 1e-4, `input ${input} in float32`);
  }
}

function compare(found: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  assert.equal(found.length, expected.length, `${what}: number of elements`);
  const size = Math.max(1, ...expected.map(Math.abs).filter(Number.isFinite));
  for (const [i, value] of expected.entries())
    assert.ok(
      Object.is(found[i], value) || Math.abs(found[i]! - value) <= tolerance * size,
      `${what}, element ${i}: the rule says ${found[i]!}, it is ${value}\n  rule     ${found.join(' ')}\n  expected ${expected.join(' ')}`,
    );
}

/** A graph of one node whose float inputs are fed and whose other inputs are initializers. */
class OneNode {
  private constructor(
    private readonly example: GradientCase,
    private readonly tensors: readonly (Tensor | undefined)[],
    private readonly outputs: readonly Tensor[],
    private readonly weights: readonly (Tensor | undefined)[],
  ) {}

  static async of(example: GradientCase, precision: Precision): Promise<OneNode> {
    const tensors = example.inputs.map((input) => input && asTensor(input, precision));
    const outputs = await forward(example, tensors);
    const weights = outputs.map((output, i) =>
      isFloat(output.dtype) && i < (example.losses ?? Infinity) ? lossWeights(output, example, i) : undefined,
    );
    return new OneNode(example, tensors, outputs, weights);
  }

  /** ∂L/∂input by the rule, by the index of the input. */
  async gradients(rule: GradientRule): Promise<Map<number, Tensor>> {
    const { g, node, inputs } = this.graph();
    const outputGradients = this.weights.map((weight, i) => weight && g.input(`dy${i}`, weight.dtype, weight.shape));
    const context = ruleContext(g, node, outputGradients, (i) => this.isWanted(i));
    const found = rule(context).map((gradient, i) => ({ gradient, i }));
    const gradients = found.filter(({ gradient, i }) => gradient && this.isWanted(i)) as {
      gradient: Value;
      i: number;
    }[];
    for (const { gradient, i } of gradients) {
      assert.deepEqual(gradient.shape, inputs[i]!.shape, `the rule states another shape for input ${i}`);
      assert.equal(gradient.dtype, inputs[i]!.dtype, `the rule states another type for input ${i}`);
    }
    // An identity, so that a gradient which is a graph input can be fetched.
    const results = gradients.map(({ gradient, i }) => ({ name: g.identity(gradient).name, i }));
    const session = await openSession(
      g.graph,
      results.map(({ name }) => name),
    );
    const feeds = this.feeds();
    for (const [i, dy] of outputGradients.entries()) if (dy) feeds.set(dy.name, this.weights[i]!);
    const computed = await run(session, feeds);
    await session.release();
    return new Map(
      results.map(({ name, i }) => {
        assert.deepEqual(computed.get(name)!.shape, inputs[i]!.shape, `another shape for input ${i} than stated`);
        return [i, computed.get(name)!];
      }),
    );
  }

  async finiteDifferences(input: number, step: number): Promise<number[]> {
    let session = await this.session();
    const original = this.tensors[input]!;
    const losses = async (element: number, delta: number): Promise<number> => {
      const data = (original.data as Float64Array).slice();
      data[element]! += delta;
      if (this.example.random) session = await this.session();
      const feeds = this.feeds().set(`x${input}`, { ...original, data });
      return this.loss([...(await run(session, feeds)).values()]);
    };
    const differences: number[] = [];
    for (let i = 0; i < sizeOf(original.shape); i++)
      differences.push(((await losses(i, step)) - (await losses(i, -step))) / (2 * step));
    await session.release();
    return differences;
  }

  private loss(outputs: readonly Tensor[]): number {
    return this.weights.reduce((total, weight, i) => {
      if (!weight) return total;
      const y = outputs[i]!.data as Float64Array;
      return (weight.data as Float64Array).reduce((sum, w, k) => sum + w * y[k]!, total);
    }, 0);
  }

  private isWanted(i: number): boolean {
    const input = this.example.inputs[i];
    return input !== undefined && !('data' in input) && !this.example.constant?.includes(i);
  }

  private feeds(): Map<string, Tensor> {
    return new Map(this.tensors.flatMap((input, i) => (input && this.isWanted(i) ? [[`x${i}`, input] as const] : [])));
  }

  private graph() {
    return oneNodeGraph(this.example, this.tensors, this.outputs, (i) => this.isWanted(i));
  }

  private session() {
    const { g, node } = this.graph();
    return openSession(g.graph, node.outputs);
  }
}

function oneNodeGraph(
  example: GradientCase,
  tensors: readonly (Tensor | undefined)[],
  outputs: readonly TensorType[],
  isWanted: (i: number) => boolean,
) {
  const g = new GraphBuilder(emptyGraph(example.op));
  const inputs = tensors.map(
    (input, i) =>
      input && (isWanted(i) ? g.input(`x${i}`, input.dtype, input.shape) : g.initializer(`constant${i}`, input)),
  );
  g.ops(example.op, inputs, example.attributes ?? {}, outputs);
  return { g, inputs, node: g.graph.nodes[0]! };
}

/** The outputs of the node, whose types the rule has to know before it runs. */
async function forward(example: GradientCase, tensors: readonly (Tensor | undefined)[]): Promise<Tensor[]> {
  const unknown = Array.from({ length: example.outputs ?? 1 }, () => ({ dtype: 'float32', shape: [] }) as const);
  const { g, node } = oneNodeGraph(example, tensors, unknown, () => true);
  const session = await openSession(g.graph, node.outputs);
  const feeds = new Map(tensors.flatMap((input, i) => (input ? [[`x${i}`, input] as const] : [])));
  const results = await run(session, feeds);
  await session.release();
  return node.outputs.map((name) => results.get(name)!);
}

/** Ones where the expected gradient is stated; else weights that differ, so that no element's error hides another's. */
function lossWeights({ dtype, shape }: Tensor, { expected }: GradientCase, output: number): Tensor {
  const weights = Array.from({ length: sizeOf(shape) }, (_, i) =>
    expected ? 1 : 0.3 + (((i + output) * 7) % 11) / 10,
  );
  return tensor(dtype as Precision, shape, weights);
}

function ruleContext(
  g: GraphBuilder,
  node: Node,
  outputGradients: readonly (Value | undefined)[],
  isWanted: (i: number) => boolean,
): RuleContext {
  return {
    node,
    g,
    input: (i) => g.value(node.inputs[i]!),
    hasInput: (i) => Boolean(node.inputs[i]),
    output: (i = 0) => g.value(node.outputs[i]!),
    addOutput(i, type) {
      while (node.outputs.length <= i) node.outputs.push('');
      node.outputs[i] ||= g.uniqueName(`${node.name}:${i}`);
      g.graph.types.set(node.outputs[i], type);
      return g.value(node.outputs[i]);
    },
    dy: (i) => outputGradients[i],
    wanted: isWanted,
    constant: (i) => g.graph.initializers.get(node.inputs[i] ?? ''),
    int: (name, otherwise) => attribute(node, name, 'int') ?? otherwise,
    ints: (name, otherwise) => attribute(node, name, 'ints') ?? otherwise,
    float: (name, otherwise) => attribute(node, name, 'float') ?? otherwise,
    string: (name, otherwise) => attribute(node, name, 'string') ?? otherwise,
  };
}

/** How a test is named after its case. */
export const nameOf = ({ op, about, inputs }: GradientCase): string =>
  `${op}${about ? `, ${about}` : ''} ${inputs.map((input) => (input ? `[${input.shape.join()}]` : '-')).join(' ')}`;
