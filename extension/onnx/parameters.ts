/** Which initializers of a model are its parameters, and why. */
import { subgraphs } from './check';
import { attribute, consumers, describe, producers, type Graph, type Node } from './graph';
import { isFloat } from './tensor';

export interface ParameterVerdict {
  name: string;
  trainable: boolean;
  /** Why it is trained, or why not. */
  why: string;
}

/**
 * A verdict on every float initializer. What the exporter marks is taken at its word; otherwise a parameter is what
 * reaches a weight, bias or scale slot through nothing but changes of layout.
 */
export function findParameters(graph: Graph): ParameterVerdict[] {
  const takers = consumers({ ...graph, nodes: [...allNodes(graph)] });
  const makers = producers(graph);
  return [...graph.initializers]
    .filter(([, { dtype }]) => isFloat(dtype))
    .map(([name, { shape }]) => ({ name, ...judge(name, shape.length, graph, takers, makers) }));
}

/** The nodes of a graph and of the graphs inside its nodes. */
export function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node;
    for (const body of subgraphs(node)) yield* allNodes(body);
  }
}

type Verdict = Omit<ParameterVerdict, 'name'>;
const yes = (why: string): Verdict => ({ trainable: true, why });
const no = (why: string): Verdict => ({ trainable: false, why });

function judge(
  name: string,
  rank: number,
  graph: Graph,
  takers: ReadonlyMap<string, readonly Node[]>,
  makers: ReadonlyMap<string, Node>,
): Verdict {
  const mark = graph.marks.get(name);
  if (mark === 'parameter') return yes('marked as a parameter by the exporter');
  if (mark === 'buffer') return no('marked as a buffer by the exporter');
  if (rank === 0) return no('a scalar');
  if (isState(name, graph)) return no('a buffer, by its name');

  // Forward through changes of layout, to where the numbers are used.
  const reached = new Set([name]);
  let last = 'no node uses it';
  for (const value of reached)
    for (const node of takers.get(value) ?? []) {
      if (changesLayout(node, value, graph, makers)) {
        for (const output of node.outputs) if (output !== '') reached.add(output);
        continue;
      }
      const slot = slotOf(node, value, graph, makers);
      if (slot?.startsWith('running ')) return no(`${slot} of ${describe(node)}`);
      if (slot !== undefined && !(slot === 'table' && rank < 2)) return yes(`${slot} of ${describe(node)}`);
      if (combines.has(node.opType) && isParameterLike(name))
        return yes(`named like a parameter, and used by ${describe(node)}`);
      last = `used by ${describe(node)}, where nothing tells a parameter from a constant`;
    }
  return no(last);
}

const layoutChanges = new Set([
  'Transpose',
  'Reshape',
  'Slice',
  'Concat',
  'Cast',
  'Identity',
  'Squeeze',
  'Unsqueeze',
  'Flatten',
  'Split',
  'Expand',
]);

/** Whether a node only moves the elements of `value`. A Concat with activations makes something else of them. */
function changesLayout(node: Node, value: string, graph: Graph, makers: ReadonlyMap<string, Node>): boolean {
  if (node.domain !== '' || !layoutChanges.has(node.opType)) return false;
  return node.opType === 'Concat'
    ? node.inputs.every((input) => isStatic(input, graph, makers))
    : node.inputs[0] === value;
}

/** Whether a value depends on weights and constants alone, through changes of layout. */
function isStatic(value: string, graph: Graph, makers: ReadonlyMap<string, Node>): boolean {
  if (graph.initializers.has(value)) return true;
  const maker = makers.get(value);
  if (!maker) return false;
  if (maker.opType === 'Constant') return true;
  return layoutChanges.has(maker.opType) && maker.inputs.slice(0, 1).every((input) => isStatic(input, graph, makers));
}

const slots: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Gemm: { 0: 'weight', 1: 'weight', 2: 'bias' },
  MatMul: { 0: 'weight', 1: 'weight' },
  Einsum: { 0: 'weight', 1: 'weight', 2: 'weight' },
  Conv: { 1: 'weight', 2: 'bias' },
  ConvTranspose: { 1: 'weight', 2: 'bias' },
  RNN: { 1: 'input weight', 2: 'recurrent weight', 3: 'bias' },
  GRU: { 1: 'input weight', 2: 'recurrent weight', 3: 'bias' },
  LSTM: { 1: 'input weight', 2: 'recurrent weight', 3: 'bias', 7: 'peephole weight' },
  BatchNormalization: { 1: 'scale', 2: 'shift', 3: 'running mean', 4: 'running variance' },
  InstanceNormalization: { 1: 'scale', 2: 'shift' },
  LayerNormalization: { 1: 'scale', 2: 'shift' },
  GroupNormalization: { 1: 'scale', 2: 'shift' },
  RMSNormalization: { 1: 'scale' },
  PRelu: { 1: 'slope' },
};

function slotOf(node: Node, value: string, graph: Graph, makers: ReadonlyMap<string, Node>): string | undefined {
  const at = node.inputs.indexOf(value);
  if (node.domain !== '') return undefined;
  if (node.opType === 'Gather') return at === 0 && (attribute(node, 'axis', 'int') ?? 0) === 0 ? 'table' : undefined;
  if (node.opType === 'Add') {
    const product = makers.get(node.inputs[1 - at] ?? '');
    const isProduct = product && ['MatMul', 'Gemm', 'Conv', 'ConvTranspose'].includes(product.opType);
    const isVector = graph.types.get(value)?.shape.length === 1;
    return isProduct && isVector ? 'bias' : undefined;
  }
  return slots[node.opType]?.[at];
}

/** Operators that take a parameter as one operand among equals: only its name tells it from a constant. */
const combines = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pow',
  'Concat',
  'ReduceL2',
  'ReduceSum',
  'ReduceSumSquare',
  'Abs',
  'Exp',
  'Sigmoid',
  'Softplus',
  'Tanh',
]);

const lastPart = (name: string): string => name.replace(/:\d+$/, '').split(/[./]/).at(-1)!;

const isParameterLike = (name: string): boolean =>
  !name.includes('::') &&
  /weight|bias|kernel|gamma|beta|scale|shift|gain|alpha|embed|token|quer(?:y|ies)|param|original\d?$|temperature|^log_|^[wbgv]\d*$/i.test(
    lastPart(name),
  );

/** Running statistics, masks, and the vectors of spectral normalization, which look like weights of a product. */
function isState(name: string, graph: Graph): boolean {
  const last = lastPart(name);
  if (/^(?:running|moving)_(?:mean|var|variance)$|mask|^_[uv]$|^weight_u$|^num_batches_tracked$/.test(last))
    return true;
  return last === 'weight_v' && graph.initializers.has(name.replace(/weight_v$/, 'weight_orig'));
}
