/**
 * Train or evaluate: how BatchNormalization and Dropout behave. PyTorch's default exporter writes both as in evaluation
 * even for a model in training mode, so the mode is the experiment's choice, not the file's.
 */
import { float, GraphBuilder, type Value } from '../onnx/builder';
import { attribute, describe, type Graph, type Node } from '../onnx/graph';
import { improvedVectors } from '../onnx/power-iteration';
import { numbers, sizeOf, tensor } from '../onnx/tensor';
import type { Mode } from '../protocol/experiment';
import { InputError } from '../protocol/errors';
import { copyOf } from './replace';

export interface ModeOptions {
  /** Drives the masks of Dropout. */
  seed?: number;
  /** Dropout passes its input on whatever the mode says: `gradients` compares with a deterministic forward pass. */
  dropoutAsIdentity?: boolean;
  /** Batch statistics by elementary operators: CUDA and WebGPU have no BatchNormalization that trains. */
  decompose?: boolean;
}

/** A buffer of the model that a training step changes. */
export interface StateUpdate {
  /** The initializer, or the input that took its place. */
  name: string;
  /** The value that it has after the step. */
  value: string;
}

/**
 * A copy of a canonical graph in the given mode, and the running statistics that a step in it updates.
 *
 * - `train`: BatchNormalization normalizes by the statistics of the batch and updates its buffers as PyTorch does
 *   (running variance unbiased, PyTorch's momentum m is ONNX's 1 - m); Dropout drops; the power iterations of spectral
 *   normalization go on where the step before ended.
 * - `eval`: running statistics, Dropout passes on.
 * - `as-exported`: each node as the file has it.
 *
 * A dropping Dropout has a `seed` of its own, derived from the experiment's seed and its place in the graph: the masks of
 * step k are the same in every session with the same graph, whatever the number of threads. Its mask is applied by a
 * separate multiplication, since the runtime's optimizer deletes a Dropout whose mask nobody reads.
 * @throws InputError where a batch has a single value per channel, which has no variance
 */
export function restoreMode(
  graph: Graph,
  mode: Mode,
  options: ModeOptions = {},
): { graph: Graph; updates: StateUpdate[] } {
  const copy = copyOf(graph);
  const { nodes } = copy;
  const g = new GraphBuilder(copy);
  copy.nodes = [];
  const statistics = new Map<string, Value>();
  let dropouts = 0;
  for (const node of nodes)
    g.at(node, () => {
      if (node.opType === 'BatchNormalization' && trains(node, mode)) batchStatistics(g, node, statistics, options);
      else if (node.opType === 'BatchNormalization') copy.nodes.push(evaluating(node));
      else if (node.opType !== 'Dropout') copy.nodes.push(node);
      else if (!options.dropoutAsIdentity && drops(node, mode, copy))
        drop(g, node, seedOf(options.seed ?? 0, dropouts++));
      else passOn(g, node);
    });
  const updates = [...statistics].map(([name, { name: value }]) => ({ name, value }));
  return { graph: copy, updates: mode === 'eval' ? updates : [...updates, ...improvedVectors(copy)] };
}

const trains = (node: Node, mode: Mode): boolean =>
  mode === 'train' || (mode === 'as-exported' && attribute(node, 'training_mode', 'int') === 1);

const evaluating = (node: Node): Node => ({
  ...node,
  outputs: node.outputs.slice(0, 1),
  attributes: { ...node.attributes, training_mode: { type: 'int', value: 0 } },
});

/** Normalizes by the batch and puts the next running statistics into `statistics`. */
function batchStatistics(
  g: GraphBuilder,
  node: Node,
  statistics: Map<string, Value>,
  { decompose = false }: ModeOptions,
): void {
  const [x, scale, bias] = node.inputs.map((name) => g.value(name)) as [Value, Value, Value];
  const count = sizeOf(x.shape) / x.shape[1]!;
  if (count === 1)
    throw new InputError(
      `${describe(node)} sees a single value per channel, which has no variance: use a larger batch.`,
    );
  const normalize = decompose ? normalizedByHand : normalizedByOperator;
  const { mean, variance } = normalize(g, node, x, scale, bias);
  // PyTorch keeps the unbiased variance.
  const unbiased = g.mul(variance, count / (count - 1));
  const momentum = attribute(node, 'momentum', 'float') ?? 0.9;
  for (const [name, batch] of [
    [node.inputs[3]!, mean],
    [node.inputs[4]!, unbiased],
  ] as const) {
    const before = statistics.get(name) ?? g.value(name);
    statistics.set(name, g.add(g.mul(before, momentum), g.mul(batch, 1 - momentum)));
  }
}

/**
 * The runtime's operator with momentum 0, whose running statistics are then those of the batch. It writes them over
 * its statistics inputs, so each node gets its own; they differ from node to node lest the optimizer merges them.
 */
function normalizedByOperator(g: GraphBuilder, node: Node, x: Value, scale: Value, bias: Value) {
  const type = { dtype: scale.dtype, shape: scale.shape };
  const own = g.graph.nodes.length;
  const scratch = ['mean', 'variance'].map((statistic, i) =>
    g.initializer(
      `${node.name}/${statistic}`,
      tensor(scale.dtype as 'float32', scale.shape, Array<number>(scale.shape[0]!).fill(1 + 2 * own + i)),
    ),
  );
  const [mean, variance] = ['mean', 'variance'].map((statistic) => {
    const name = g.uniqueName(`${node.name}/batch_${statistic}`);
    g.graph.types.set(name, type);
    return g.value(name);
  }) as [Value, Value];
  g.graph.nodes.push({
    ...node,
    inputs: [x, scale, bias, ...scratch].map(({ name }) => name),
    outputs: [node.outputs[0]!, mean.name, variance.name],
    attributes: { ...node.attributes, momentum: float(0), training_mode: { type: 'int', value: 1 } },
  });
  return { mean, variance };
}

function normalizedByHand(g: GraphBuilder, node: Node, x: Value, scale: Value, bias: Value) {
  const axes = [...x.shape.keys()].filter((axis) => axis !== 1);
  const perChannel = (value: Value): Value =>
    g.reshape(
      value,
      x.shape.map((size, axis) => (axis === 1 ? size : 1)),
    );
  const mean = g.mean(x, axes, true);
  const centred = g.sub(x, mean);
  const variance = g.mean(g.mul(centred, centred), axes, true);
  const deviation = g.sqrt(g.add(variance, attribute(node, 'epsilon', 'float') ?? 1e-5));
  const y = g.add(g.mul(g.div(centred, deviation), perChannel(scale)), perChannel(bias));
  nameOutput(g, y, node.outputs[0]!);
  return { mean: g.reshape(mean, scale.shape), variance: g.reshape(variance, scale.shape) };
}

function drops(node: Node, mode: Mode, graph: Graph): boolean {
  if (mode !== 'as-exported') return mode === 'train';
  const training = graph.initializers.get(node.inputs[2] ?? '');
  return training !== undefined && numbers(training)[0] === 1;
}

/** y = x·mask/(1 - ratio) (Srivastava et al., 2014). */
function drop(g: GraphBuilder, node: Node, seed: number): void {
  const x = g.value(node.inputs[0]!);
  const constant = g.graph.initializers.get(node.inputs[1] ?? '');
  const ratio = constant ? numbers(constant)[0]! : 0.5;
  if (ratio === 0) {
    passOn(g, node);
    return;
  }
  const active = g.constant('bool', [], [1]);
  const [, mask] = g.ops('Dropout', [x, g.scalar(ratio), active], { seed }, [x, { dtype: 'bool', shape: x.shape }]) as [
    Value,
    Value,
  ];
  // With ratio 1 nothing is kept, and nothing is divided by zero.
  const scale = ratio === 1 ? 0 : 1 / (1 - ratio);
  nameOutput(g, g.mul(x, g.mul(g.cast(mask, x.dtype), scale)), node.outputs[0]!);
  if (node.outputs[1]) nameOutput(g, g.identity(mask), node.outputs[1]);
}

function passOn(g: GraphBuilder, node: Node): void {
  const x = g.value(node.inputs[0]!);
  nameOutput(g, g.identity(x), node.outputs[0]!);
  if (node.outputs[1]) nameOutput(g, g.expand(g.constant('bool', [], [1]), x.shape), node.outputs[1]);
}

/** Gives a value that the last node made the name of an output that its node replaces. */
function nameOutput(g: GraphBuilder, value: Value, name: string): void {
  const maker = g.graph.nodes.at(-1)!;
  maker.outputs = maker.outputs.map((output) => (output === value.name ? name : output));
  g.release(value.name);
}

/** Different for every Dropout of a model, and far apart for neighbouring seeds (the finalizer of MurmurHash3). */
function seedOf(seed: number, index: number): number {
  let hash = (Math.imul(seed, 0x9e3779b1) + index + 1) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 1;
}
