/** Names across the boundary of a subgraph: what it takes from around it, and copies of it under other names. */
import type { Attribute, Graph, Node } from '../onnx/graph';

/** Every value that a node takes, those that its subgraphs take from around them included. */
export function operands(node: Node): string[] {
  const names = node.inputs.filter(Boolean);
  for (const { type, value } of Object.values(node.attributes)) if (type === 'graph') names.push(...captured(value));
  return names;
}

/** The values that a subgraph takes from the graphs around it. */
export function captured(graph: Graph): string[] {
  const own = new Set([...graph.inputs.map(({ name }) => name), ...graph.initializers.keys()]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const taken = [...graph.nodes.flatMap(operands), ...graph.outputs.map(({ name }) => name)];
  return [...new Set(taken.filter((name) => !own.has(name)))];
}

export const hasSubgraph = (node: Node): boolean => Object.values(node.attributes).some(({ type }) => type === 'graph');

/** The subgraph that a node holds in an attribute. */
export function subgraph(node: Node, name: string): Graph {
  const attribute = node.attributes[name];
  if (attribute?.type !== 'graph') throw new Error(`${node.opType} "${node.name}" has no subgraph "${name}".`);
  return attribute.value;
}

/** A copy of a node whose values are renamed, in its subgraphs as well. */
export function renamedNode(node: Node, rename: (name: string) => string, prefix: string): Node {
  const attributes = Object.entries(node.attributes).map(([key, attribute]): [string, Attribute] => [
    key,
    attribute.type === 'graph' ? { type: 'graph', value: renamedGraph(attribute.value, rename, prefix) } : attribute,
  ]);
  return {
    ...node,
    name: `${prefix}${node.name}`,
    inputs: node.inputs.map((name) => name && rename(name)),
    outputs: node.outputs.map((name) => name && rename(name)),
    attributes: Object.fromEntries(attributes),
  };
}

/** A copy of a subgraph in which values from around it are renamed by `rename` and its own get a prefix. */
function renamedGraph(graph: Graph, rename: (name: string) => string, prefix: string): Graph {
  const outside = new Set(captured(graph));
  const inner = (name: string): string => (outside.has(name) ? rename(name) : `${prefix}${name}`);
  const ports = <T extends { name: string }>(list: readonly T[]): T[] =>
    list.map((port) => ({ ...port, name: inner(port.name) }));
  return {
    ...graph,
    inputs: ports(graph.inputs),
    outputs: ports(graph.outputs),
    nodes: graph.nodes.map((node) => renamedNode(node, inner, prefix)),
    initializers: new Map([...graph.initializers].map(([name, value]) => [inner(name), value])),
    types: new Map([...graph.types].map(([name, type]) => [inner(name), type])),
  };
}
