/** Where skips may go: around a block, and between distant values. */
import { sameShape, type Value } from '../onnx/builder';
import type { Graph, Node } from '../onnx/graph';
import { sizeOf, type Shape } from '../onnx/tensor';
import { newParameter } from './insertion';
import { examine, type Block } from './anatomy';
import type { Patient } from './patient';
import { inUnits } from './units';

/** Blocks of the units that no skip goes around yet. */
export function plainBlocks(patient: Patient, units: readonly string[] | undefined): Block[] {
  const skipped = skipEnds(patient);
  return examine(patient).blocks.filter(
    ({ weights, input, output }) =>
      inUnits(weights.layer, units) && !skipped.has(input.name) && !skipped.has(output.name),
  );
}

/** The values that an addition of two computed values takes: the ends of the skips that the model has. */
function skipEnds({ graph }: Patient): Set<string> {
  const additions = graph.nodes.filter(
    ({ opType, inputs }) => opType === 'Add' && inputs.every((name) => !graph.initializers.has(name)),
  );
  return new Set(additions.flatMap(({ inputs }) => inputs));
}

/** A part of a transformer block that keeps the shape of a sequence: attention or the feed-forward pair, and the norm before it. */
export interface Sublayer {
  layer: string;
  /** The node that takes its input, and as which input. */
  entry: { node: Node; index: number };
  output: Value;
}

/** The sublayers (of the units) that no skip goes around yet; none in a network without attention. */
export function plainSublayers(patient: Patient, units: readonly string[] | undefined): Sublayer[] {
  const { graph, g } = patient;
  const { layers, weights, blocks } = examine(patient);
  const attentions = layers.filter(({ info }) => info.kind === 'attention');
  const skipped = skipEnds(patient);
  const data = dataOf(graph);
  const norms = new Map(
    layers.filter(({ info }) => info.kind === 'norm').map(({ output, nodes }) => [output, nodes] as const),
  );
  const entryOf = (value: string, nodes: readonly Node[]): Sublayer['entry'] => {
    const norm = norms.get(value);
    const first = norm?.find(({ inputs }) => inputs.some((input) => data.has(input)));
    const node = first ?? nodes.find(({ inputs }) => inputs.includes(value))!;
    return { node, index: node.inputs.findIndex((input) => (first ? data.has(input) : input === value)) };
  };
  const found: Sublayer[] = attentions.flatMap(({ info, nodes, output }) => {
    const own = new Set(nodes.flatMap(({ outputs }) => outputs));
    const result = g.value(output);
    const isInput = (x: string): boolean => !own.has(x) && data.has(x) && sameShape(g.value(x).shape, result.shape);
    const [value, ...others] = new Set(nodes.flatMap(({ inputs }) => inputs).filter(isInput));
    // Attention to another sequence has two inputs, and no one value to be added.
    if (value === undefined || others.length > 0) return [];
    return [{ layer: info.name, entry: entryOf(value, nodes), output: result }];
  });
  const inAttention = new Set(attentions.map(({ info }) => info.name));
  for (const { weights: first, activation, input } of blocks) {
    const second = weights.find(({ input: taken }) => taken.name === activation.output.name);
    if (attentions.length === 0 || !second || inAttention.has(first.layer)) continue;
    found.push({ layer: first.layer, entry: entryOf(input.name, [first.node]), output: second.output });
  }
  return found.filter(({ layer, entry, output }) => {
    const input = entry.node.inputs[entry.index]!;
    const shape = graph.types.get(input)?.shape;
    return inUnits(layer, units) && !skipped.has(output.name) && shape && sameShape(shape, output.shape);
  });
}

/** How far apart two blocks must be for a skip between them to be a long one. */
export const longSkipDistance = 3;

/**
 * The blocks of the only list of layers that is long enough for long skips, where there is one; else all. The source
 * has a place for skips within a list, and none from there to a layer beside it.
 */
export function ofOneContainer<B>(blocks: readonly B[], containerOf: (block: B) => unknown): readonly B[] {
  const lists = new Map<unknown, B[]>();
  for (const block of blocks) {
    const container = containerOf(block);
    if (container !== undefined) lists.set(container, [...(lists.get(container) ?? []), block]);
  }
  const [only, ...others] = [...lists.values()].filter((list) => list.length > longSkipDistance);
  return only && others.length === 0 ? only : blocks;
}

/** Pairs of blocks with outputs of equal shape, nested like brackets, the outermost first. */
export function mirrored<B>(blocks: readonly B[], alike: (early: B, late: B) => boolean): [B, B][] {
  const pairs: [B, B][] = [];
  let end = blocks.length - 1;
  for (let start = 0; start + longSkipDistance <= end; start++) {
    const early = blocks[start]!;
    const partner = blocks.findLastIndex(
      (late, index) => index >= start + longSkipDistance && index <= end && alike(early, late),
    );
    if (partner < 0) continue;
    pairs.push([early, blocks[partner]!]);
    end = partner - 1;
  }
  return pairs;
}

/** What depends on the inputs of the model: neither weights nor what is made of them alone. */
function dataOf({ inputs, nodes }: Graph): Set<string> {
  const found = new Set(inputs.map(({ name }) => name));
  for (const node of nodes)
    if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) found.add(output);
  return found;
}

/** What a block's weight layer takes now, after the rewrites before it. */
export const currentInput = ({ g }: Patient, { weights }: Block): Value =>
  g.value(weights.node.inputs[weights.inputIndex]!);

/** Whether the identity fits around a block. */
export const keepsShape = ({ input, output }: Block): boolean => sameShape(input.shape, output.shape);

/**
 * `x` brought to `shape` by a bias-free linear map over the features: `nn.Linear`, or a 1×1 convolution whose stride
 * makes up for the sizes. Undefined where neither fits. Weights are Kaiming uniform with a = √5, PyTorch's default.
 */
export function project(patient: Patient, x: Value, shape: Shape, name: string): Value | undefined {
  const { g, random } = patient;
  const draw = (parameters: Shape, fanIn: number): Value => {
    const bound = 1 / Math.sqrt(fanIn);
    const values = Float64Array.from({ length: sizeOf(parameters) }, () => bound * (2 * random.uniform() - 1));
    return newParameter(patient, `${name}.weight`, parameters, values);
  };
  if (x.shape.length !== shape.length) return undefined;
  if (x.shape.length <= 3 && sameShape(x.shape.slice(0, -1), shape.slice(0, -1))) {
    const [from, to] = [x.shape.at(-1)!, shape.at(-1)!];
    return g.matmul(x, g.matrixTranspose(draw([to, from], from)));
  }
  if (x.shape.length < 3 || x.shape[0] !== shape[0]) return undefined;
  const strides = shape.slice(2).map((size, axis) => Math.ceil(x.shape[axis + 2]! / size));
  const reached = strides.every((stride, axis) => Math.ceil(x.shape[axis + 2]! / stride) === shape[axis + 2]!);
  if (!reached) return undefined;
  const ones = strides.map(() => 1);
  const weight = draw([shape[1]!, x.shape[1]!, ...ones], x.shape[1]!);
  return g.op('Conv', [x, weight], { kernel_shape: ones, strides }, { dtype: x.dtype, shape });
}
