/**
 * The graph that everything after the file works on: the graph of an ONNX model with names for edges, and with the
 * layer and the source line of every node, so that whatever is derived from a node still knows where it came from.
 */
import type { SourceLocation } from '../protocol/run';
import type { Tensor, TensorType } from './tensor';

/** What each type of attribute holds. */
export interface AttributeValues {
  float: number;
  int: number;
  string: string;
  tensor: Tensor;
  graph: Graph;
  floats: readonly number[];
  ints: readonly number[];
  strings: readonly string[];
}

export type Attribute = { [T in keyof AttributeValues]: { type: T; value: AttributeValues[T] } }[keyof AttributeValues];

export interface Node {
  name: string;
  opType: string;
  /** '' is the standard domain. */
  domain: string;
  /** Value names; '' is an optional input or output left out. */
  inputs: string[];
  outputs: string[];
  attributes: Record<string, Attribute>;
  /** Dotted path in the user's module tree; '' is the model itself. */
  layer: string;
  source?: SourceLocation;
  /** The line that creates its module, where a capture has seen that. */
  created?: SourceLocation;
  /** No gradient passes: what the node takes is a constant to the loss, as after PyTorch's `detach()`. */
  detached?: boolean;
}

export interface GraphPort {
  name: string;
  dtype: TensorType['dtype'];
  /** A string names a size that the model leaves open; undefined is an unknown rank. */
  shape?: readonly (number | string)[];
}

export interface Graph {
  name: string;
  /** Version of the standard operator set that the nodes are written in. */
  opset: number;
  inputs: GraphPort[];
  outputs: GraphPort[];
  /** In topological order. */
  nodes: Node[];
  initializers: Map<string, Tensor>;
  /** Type of every value, complete once the graph is specialised (every size fixed). */
  types: Map<string, TensorType>;
  /** Initializers that the exporter marks as trained or as a buffer (`InputSpec.kind`). */
  marks: Map<string, 'parameter' | 'buffer'>;
  /** The modules of the model as it was exported, once others are put in (see `keepModules`). */
  modules?: ReadonlySet<string>;
}

export const emptyGraph = (name: string, opset = 18): Graph => ({
  name,
  opset,
  inputs: [],
  outputs: [],
  nodes: [],
  initializers: new Map(),
  types: new Map(),
  marks: new Map(),
});

/** The nodes by the value that they produce. */
export const producers = (graph: Graph): Map<string, Node> =>
  new Map(graph.nodes.flatMap((node) => node.outputs.filter(Boolean).map((output) => [output, node] as const)));

/** The nodes by the values that they take, subgraphs not looked into. */
export function consumers(graph: Graph): Map<string, Node[]> {
  const found = new Map<string, Node[]>();
  for (const node of graph.nodes)
    for (const input of new Set(node.inputs)) {
      const nodes = found.get(input);
      if (nodes) nodes.push(node);
      else found.set(input, [node]);
    }
  return found;
}

/** The value of an attribute, or undefined where the node has none of that name and type. */
export function attribute<T extends keyof AttributeValues>(
  node: Node,
  name: string,
  type: T,
): AttributeValues[T] | undefined {
  const found = node.attributes[name];
  return found?.type === type ? (found.value as AttributeValues[T]) : undefined;
}

/** How messages name a node: its operator, its name and, when known, its layer. */
export const describe = (node: Node): string =>
  `${node.opType} "${node.name}"${node.layer ? ` in layer ${node.layer}` : ''}`;
