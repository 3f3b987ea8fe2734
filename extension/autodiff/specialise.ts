/** Fixes every size of a graph: given the types of the inputs, the type of every value follows, and shape arithmetic folds. */
import { exportGraph } from '../onnx/export';
import { describe, producers, type Graph, type Node } from '../onnx/graph';
import type { Runtime } from '../onnx/runtime';
import { isFloat, sizeOf, tensor, type DataType, type Shape, type Tensor, type TensorType } from '../onnx/tensor';
import { InputError } from '../protocol/errors';
import { unrollControlFlow } from './control-flow';
import { spellOutFunctions } from './functions';
import { computeInFloat32 } from './precision';
import { resolveSequences } from './sequences';
import { hasSubgraph, operands } from './subgraph';
import { spellOutWindows } from './window-sizes';

export interface SpecialiseOptions {
  /** Initializers that stay values of the graph although they could be folded: scalars that are trained. */
  keep?: ReadonlySet<string>;
}

/**
 * The graph with every size fixed: inputs have the given types, every value has a type, everything that follows from
 * sizes and untrained constants is an initializer, and nodes that no output needs are gone. Half precision becomes
 * float32. What depends on a trained tensor, or on anything that may be one, is never folded.
 *
 * @param inputTypes by input name; an input whose sizes the model fixes may be left out
 * @throws InputError where the types do not fit the model, or where a size depends on the data
 */
export async function specialise(
  graph: Graph,
  inputTypes: ReadonlyMap<string, TensorType>,
  runtime: Runtime,
  { keep = new Set() }: SpecialiseOptions = {},
): Promise<Graph> {
  const sized = withInputTypes(computeInFloat32(graph).graph, inputTypes);
  spellOutFunctions(sized);
  let untyped = Infinity;
  const sizesAppear = (): boolean => {
    const before = untyped;
    untyped = [...producers(sized).keys()].filter((name) => !sized.types.has(name)).length;
    return untyped > 0 && untyped < before;
  };
  // A loop that is unrolled may hold another, and what follows it has sizes only then; so has the result of a Range
  // (`torch.arange`) once its limits are folded.
  do {
    await inferAndFold(sized, keep, runtime);
  } while (unrollControlFlow(sized) || resolveSequences(sized) || spellOutWindows(sized) || sizesAppear());
  removeUnused(sized);
  requireTypes(sized);
  return sized;
}

/** A copy whose inputs have the given types; a size that the model names has one value everywhere. */
function withInputTypes(graph: Graph, inputTypes: ReadonlyMap<string, TensorType>): Graph {
  const sizes = new Map<string, { size: number; input: string }>();
  const inputs = graph.inputs.map((port) => {
    const given = inputTypes.get(port.name) ?? staticType(port.name, port.dtype, port.shape);
    const dtype = isHalf(given.dtype) ? 'float32' : given.dtype;
    if (dtype !== port.dtype)
      throw new InputError(`Input "${port.name}" takes ${port.dtype}, but was given ${given.dtype}.`);
    const declared = port.shape ?? given.shape;
    const fits = declared.length === given.shape.length && declared.every((size, i) => fitsSize(size, given.shape[i]!));
    if (!fits)
      throw new InputError(
        `Input "${port.name}" takes the shape [${declared.join(', ')}], but was given [${given.shape.join(', ')}].`,
      );
    declared.forEach((name, i) => {
      if (typeof name !== 'string') return;
      const size = given.shape[i]!;
      const other = sizes.get(name);
      if (other && other.size !== size)
        throw new InputError(
          `The size "${name}" is ${other.size} in input "${other.input}", but ${size} in input "${port.name}".`,
        );
      sizes.set(name, { size, input: port.name });
    });
    return { name: port.name, dtype, shape: given.shape };
  });
  const types = new Map<string, TensorType>();
  for (const { name, dtype, shape } of inputs) types.set(name, { dtype, shape });
  return {
    ...graph,
    inputs,
    outputs: [...graph.outputs],
    nodes: [...graph.nodes],
    initializers: new Map(graph.initializers),
    types,
  };
}

const isHalf = (dtype: DataType): boolean => dtype === 'float16' || dtype === 'bfloat16';

const fitsSize = (declared: number | string, given: number): boolean =>
  typeof declared === 'string' ? given >= 0 : declared === given;

function staticType(name: string, dtype: DataType, shape: readonly (number | string)[] | undefined): TensorType {
  if (!shape || shape.some((size) => typeof size === 'string'))
    throw new InputError(
      `The model leaves the shape of input "${name}" open (${shape ? `[${shape.join(', ')}]` : 'any rank'}): ` +
        'give data for it.',
    );
  return { dtype, shape: shape as number[] };
}

/** The time that the runtime takes to read a graph grows with the square of its length from here on. */
const longestPiece = 2000;

/** Sets the type of every value and folds what is constant, piece by piece: constants of one give sizes in the next. */
async function inferAndFold(graph: Graph, keep: ReadonlySet<string>, runtime: Runtime): Promise<void> {
  const { nodes } = graph;
  const whole = async (): Promise<void> => {
    await inferTypes(graph, runtime);
    await foldConstants(graph, keep, runtime);
  };
  if (nodes.length <= longestPiece) return whole();
  const lastUses = new Map(nodes.flatMap((node, i) => operands(node).map((name) => [name, i] as const)));
  for (const { name } of graph.outputs) lastUses.set(name, nodes.length);
  graph.nodes = [];
  for (let begin = 0; begin < nodes.length; begin += longestPiece) {
    const end = begin + longestPiece;
    const piece = pieceOf(graph, nodes.slice(begin, end), end, lastUses);
    if (!piece) {
      graph.nodes = [...graph.nodes, ...nodes.slice(begin)];
      return whole();
    }
    await inferTypes(piece, runtime);
    await foldConstants(piece, keep, runtime);
    graph.nodes.push(...piece.nodes);
  }
}

/**
 * Some nodes as a graph that shares its types and the constants that it finds with the whole. Undefined where they take
 * something of unknown type, of which only the whole tells more.
 * @param lastUses of each value, the index of the last node that takes it
 * @param end index of the first node after the piece
 */
function pieceOf(graph: Graph, nodes: Node[], end: number, lastUses: ReadonlyMap<string, number>): Graph | undefined {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const taken = [...new Set(nodes.flatMap(operands))].filter((name) => !made.has(name));
  const inputs = taken.filter((name) => !graph.initializers.has(name));
  if (!inputs.every((name) => graph.types.has(name))) return undefined;
  const passedOn = [...made].filter((name) => (lastUses.get(name) ?? -1) >= end);
  return {
    ...graph,
    nodes,
    inputs: inputs.map((name) => ({ name, ...graph.types.get(name)! })),
    outputs: passedOn.map((name) => ({ name, dtype: 'float32' })),
  };
}

/** Above this many elements a float initializer says nothing about sizes, and need not be copied to ask for types. */
const largestShapeOperand = 1024;

/**
 * Sets the type of every value, as the runtime infers it. Values whose sizes depend on data keep no type.
 * The runtime folds shape arithmetic itself, given that every value is an output.
 */
async function inferTypes(graph: Graph, runtime: Runtime): Promise<void> {
  for (const [name, { dtype, shape }] of graph.initializers) graph.types.set(name, { dtype, shape });
  const values = graph.nodes.flatMap((node) => node.outputs.filter(Boolean));
  const answer = await runtime.outputTypes(exportGraph(withoutWeights(graph), values));
  const scalars: string[] = [];
  for (const [name, { dtype, shape }] of answer) {
    if (shape.some((size) => size === undefined)) continue;
    if (shape.length === 0) scalars.push(name);
    graph.types.set(name, { dtype, shape: shape as Shape });
  }
  inferStatistics(graph);
  if (scalars.some((name) => isFloat(graph.types.get(name)!.dtype)) || graph.nodes.some(mayLoseRank))
    await forgetUnknownRanks(graph, scalars, runtime);
}

/** The statistics that a BatchNormalization gives are like those that it takes; those of old forms are not inferred. */
function inferStatistics(graph: Graph): void {
  for (const { opType, inputs, outputs } of graph.nodes)
    if (opType === 'BatchNormalization')
      for (const output of outputs.slice(1)) {
        const type = graph.types.get(inputs[3]!);
        if (type && output && !graph.types.has(output)) graph.types.set(output, type);
      }
}

/** The graph without outputs and with large weights as inputs: their values do not matter for types. */
function withoutWeights(graph: Graph): Graph {
  const initializers = new Map<string, Tensor>();
  const weights: [string, Tensor][] = [];
  for (const name of new Set(graph.nodes.flatMap(operands))) {
    const value = graph.initializers.get(name);
    if (!value) continue;
    if (isFloat(value.dtype) && sizeOf(value.shape) > largestShapeOperand) weights.push([name, value]);
    else initializers.set(name, value);
  }
  return {
    ...graph,
    inputs: [...graph.inputs, ...weights.map(([name, { dtype, shape }]) => ({ name, dtype, shape }))],
    outputs: [],
    initializers,
    types: new Map(),
  };
}

/** Operators after which the rank of a value may be unknown although every input has one. */
const rankLosing = new Set(['If', 'Loop', 'Scan', 'Reshape', 'Expand', 'ConstantOfShape', 'SequenceAt']);
const mayLoseRank = (node: Node): boolean => rankLosing.has(node.opType) || node.domain !== '';

/** The runtime reports an unknown rank as []: the length of `Shape(value)` tells it from a scalar. */
async function forgetUnknownRanks(graph: Graph, names: readonly string[], runtime: Runtime): Promise<void> {
  const ranks = new Map(names.map((name, i) => [`${name}/rank/${i}`, name]));
  const question = withoutWeights(graph);
  question.nodes = [
    ...graph.nodes,
    ...[...ranks].map(([rank, name]) => ({
      name: rank,
      opType: 'Shape',
      domain: '',
      inputs: [name],
      outputs: [rank],
      attributes: {},
      layer: '',
    })),
  ];
  const answer = await runtime.outputTypes(exportGraph(question, [...ranks.keys()]));
  for (const [rank, name] of ranks) if (answer.get(rank)?.shape[0] !== 0) graph.types.delete(name);
}

/** Larger results stay computed: they cost more in memory and in the file than in time. */
const largestFolded = 2 ** 22;

/** Operators whose result is not a function of their inputs. */
const random = /^(Random|Bernoulli|Multinomial)/;

/** Replaces what follows from sizes and untrained constants by its value, computed in one run. */
async function foldConstants(graph: Graph, keep: ReadonlySet<string>, runtime: Runtime): Promise<void> {
  const constant = new Set<string>();
  for (const [name, value] of graph.initializers)
    if (!keep.has(name) && foldable(name, value, graph)) constant.add(name);
  const folded: Node[] = [];
  const rest: Node[] = [];
  for (const node of graph.nodes) {
    const size = sizeArithmetic(node, graph);
    if (size) {
      graph.initializers.set(node.outputs[0]!, size);
      constant.add(node.outputs[0]!);
    } else if (isFoldable(node, constant, graph)) {
      for (const output of node.outputs) constant.add(output);
      folded.push(node);
    } else rest.push(node);
  }
  graph.nodes = rest;
  if (folded.length === 0) return;
  const needed = new Set([...rest.flatMap(operands), ...graph.outputs.map(({ name }) => name)]);
  const frontier = folded.flatMap((node) => node.outputs.filter((output) => needed.has(output)));
  if (frontier.length === 0) return;
  const computation: Graph = {
    ...graph,
    inputs: [],
    outputs: frontier.map((name) => ({ name, ...graph.types.get(name)! })),
    nodes: folded,
    initializers: new Map(),
    types: new Map(),
  };
  for (const name of new Set(folded.flatMap(operands))) {
    const value = graph.initializers.get(name);
    if (value) computation.initializers.set(name, value);
  }
  removeUnused(computation);
  for (const [name, value] of await runtime.run(exportGraph(computation), new Map())) {
    graph.initializers.set(name, value);
    graph.types.set(name, { dtype: value.dtype, shape: value.shape });
  }
}

/** Integers and untrained scalars; a float tensor may be a parameter, or be asked for by name. */
const foldable = (name: string, { dtype, shape }: Tensor, graph: Graph): boolean =>
  !isFloat(dtype) || (graph.marks.get(name) !== 'parameter' && sizeOf(shape) === 1);

function isFoldable(node: Node, constant: ReadonlySet<string>, graph: Graph): boolean {
  if (node.opType === 'Constant') return true;
  return (
    !random.test(node.opType) &&
    !hasSubgraph(node) &&
    operands(node).every((input) => constant.has(input)) &&
    node.outputs.every((output) => !output || isSmall(graph.types.get(output)))
  );
}

const isSmall = (type: TensorType | undefined): boolean => type !== undefined && sizeOf(type.shape) <= largestFolded;

/** The value of Shape and Size, which follows from the type of their input alone. */
function sizeArithmetic(node: Node, graph: Graph): Tensor | undefined {
  if (node.domain !== '' || (node.opType !== 'Shape' && node.opType !== 'Size')) return undefined;
  const type = graph.types.get(node.inputs[0]!);
  if (!type) return undefined;
  if (node.opType === 'Size') return tensor('int64', [], [sizeOf(type.shape)]);
  const [start, end] = [node.attributes['start']?.value, node.attributes['end']?.value];
  const sizes = type.shape.slice(start as number | undefined, end as number | undefined);
  return tensor('int64', [sizes.length], sizes);
}

/** Removes nodes and initializers that no output depends on. */
export function removeUnused(graph: Graph): void {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  graph.nodes = graph.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((output) => needed.has(output))) return false;
      for (const name of operands(node)) needed.add(name);
      return true;
    })
    .toReversed();
  for (const name of [...graph.initializers.keys()]) if (!needed.has(name)) graph.initializers.delete(name);
}

function requireTypes(graph: Graph): void {
  const made = producers(graph);
  for (const [name, node] of made)
    if (!graph.types.has(name))
      throw new InputError(
        `The shape of "${name}" (${describe(node)}) depends on the data: ` +
          'only models whose sizes follow from the sizes of their inputs can be trained.',
      );
  graph.outputs = graph.outputs.map(({ name }) => ({ name, ...graph.types.get(name)! }));
}
