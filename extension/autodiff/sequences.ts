/** Sequences of tensors, which exporters use for `split`, `chunk`, `unbind` and lists: resolved to the tensors themselves. */
import { attribute, type Attribute, type Graph, type Node } from '../onnx/graph';
import { numbers, tensor } from '../onnx/tensor';
import { positiveAxis } from './lowerings/lowering';
import { operands } from './subgraph';

/**
 * Replaces the operators on sequences, where positions and lengths are known, by Split, Concat and Identity (in place).
 * A sequence that an operator takes whose position is not known yet stays beside its parts.
 * @returns whether anything changed; types and constants have to be inferred again then
 */
export function resolveSequences(graph: Graph): boolean {
  const resolver = new Resolver(graph);
  const replaced = graph.nodes.map((node) => ({ node, by: node.domain === '' ? resolver.resolve(node) : undefined }));
  const open = new Set(replaced.flatMap(({ node, by }) => (by ? [] : operands(node))));
  let changed = false;
  graph.nodes = replaced.flatMap(({ node, by }) => {
    if (!by) return [node];
    const stays = node.outputs.some((output) => open.has(output) && resolver.sequences.has(output));
    if (!stays || by.length > 0) changed = true;
    return stays ? [...by, node] : by;
  });
  return changed;
}

/** The operators that are resolved. */
export const sequenceOperators: ReadonlySet<string> = new Set([
  'SequenceEmpty',
  'SequenceConstruct',
  'SequenceInsert',
  'SequenceErase',
  'SequenceAt',
  'SequenceLength',
  'SplitToSequence',
  'ConcatFromSequence',
]);

class Resolver {
  /** The tensors of each sequence. */
  readonly sequences = new Map<string, readonly string[]>();
  private readonly made: Set<string>;

  constructor(private readonly graph: Graph) {
    this.made = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  }

  /** The nodes that take the place of one on sequences; undefined where it is none, or not everything is known yet. */
  resolve(node: Node): Node[] | undefined {
    const { graph } = this;
    const elements = this.sequences.get(node.inputs[0] ?? '');
    const output = node.outputs[0]!;
    switch (node.opType) {
      case 'SequenceEmpty':
        return this.define(output, []);
      case 'SequenceConstruct':
        return this.define(output, node.inputs);
      case 'SequenceInsert': {
        const at = elements && position(graph, node.inputs[2], elements.length, elements.length);
        return at === undefined ? undefined : this.define(output, elements!.toSpliced(at, 0, node.inputs[1]!));
      }
      case 'SequenceErase': {
        const at = elements && position(graph, node.inputs[1], elements.length, elements.length - 1);
        return at === undefined ? undefined : this.define(output, elements!.toSpliced(at, 1));
      }
      case 'SequenceAt': {
        const at = elements && position(graph, node.inputs[1], elements.length, 0);
        const element = at === undefined ? undefined : elements![at];
        return element === undefined ? undefined : [derived(node, 'Identity', [element], [output])];
      }
      case 'SequenceLength':
        if (!elements) return undefined;
        graph.initializers.set(output, tensor('int64', [], [elements.length]));
        return [];
      case 'SplitToSequence':
        return this.split(node);
      case 'ConcatFromSequence':
        return elements && join(node, graph, elements);
      default:
        return undefined;
    }
  }

  private define(sequence: string, elements: readonly string[]): Node[] {
    this.sequences.set(sequence, elements);
    return [];
  }

  private split(node: Node): Node[] | undefined {
    const { graph } = this;
    const [input, sizes] = node.inputs;
    const type = graph.types.get(input!);
    const given = sizes ? graph.initializers.get(sizes) : undefined;
    if (!type || (sizes && !given)) return undefined;
    const axis = positiveAxis(attribute(node, 'axis', 'int') ?? 0, type.shape.length);
    const lengths = partLengths(type.shape[axis]!, given && numbers(given), given?.shape.length === 0);
    const output = node.outputs[0]!;
    const parts = lengths.map((_, i) => `${output}/${i}`);
    this.define(output, parts);
    if (parts.some((part) => this.made.has(part))) return [];
    // Without lengths the parts have length one, and may lose the axis.
    const squeeze = !sizes && (attribute(node, 'keepdims', 'int') ?? 1) === 0;
    if (!squeeze) return [splitNode(node, graph, input!, parts, lengths, axis)];
    const cuts = parts.map((part) => `${part}/cut`);
    const target = constant(graph, `${output}/shape`, type.shape.toSpliced(axis, 1));
    return [
      splitNode(node, graph, input!, cuts, lengths, axis),
      ...parts.map((part, i) => derived(node, 'Reshape', [cuts[i]!, target], [part])),
    ];
  }
}

function position(graph: Graph, name: string | undefined, length: number, otherwise: number): number | undefined {
  if (!name) return otherwise;
  const given = graph.initializers.get(name);
  if (!given) return undefined;
  const at = numbers(given)[0]!;
  return at < 0 ? at + length : at;
}

function partLengths(length: number, given: readonly number[] | undefined, isScalar: boolean): number[] {
  if (given && !isScalar) return [...given];
  const part = given?.[0] ?? 1;
  return Array.from({ length: Math.ceil(length / part) }, (_, i) => Math.min(part, length - i * part));
}

function splitNode(
  node: Node,
  graph: Graph,
  input: string,
  outputs: string[],
  lengths: readonly number[],
  axis: number,
): Node {
  const attributes: Record<string, Attribute> = { axis: { type: 'int', value: axis } };
  if (graph.opset < 13)
    return derived(node, 'Split', [input], outputs, { ...attributes, split: { type: 'ints', value: lengths } });
  return derived(node, 'Split', [input, constant(graph, `${node.outputs[0]!}/lengths`, lengths)], outputs, attributes);
}

function join(node: Node, graph: Graph, elements: readonly string[]): Node[] | undefined {
  const axis = attribute(node, 'axis', 'int') ?? 0;
  const output = node.outputs[0]!;
  if ((attribute(node, 'new_axis', 'int') ?? 0) === 0)
    return [derived(node, 'Concat', [...elements], [output], { axis: { type: 'int', value: axis } })];
  const nodes: Node[] = [];
  const lifted = elements.map((element, i) => {
    const name = `${output}/${i}`;
    nodes.push(
      graph.opset < 13
        ? derived(node, 'Unsqueeze', [element], [name], { axes: { type: 'ints', value: [axis] } })
        : derived(node, 'Unsqueeze', [element, constant(graph, `${output}/axis`, [axis])], [name]),
    );
    return name;
  });
  nodes.push(derived(node, 'Concat', lifted, [output], { axis: { type: 'int', value: axis } }));
  return nodes;
}

function constant(graph: Graph, name: string, values: readonly number[]): string {
  graph.initializers.set(name, tensor('int64', [values.length], values));
  return name;
}

const derived = (
  { layer, source, name }: Node,
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, Attribute> = {},
): Node => ({ name: `${name}/${outputs[0]!}`, opType, domain: '', inputs, outputs, attributes, layer, source });
