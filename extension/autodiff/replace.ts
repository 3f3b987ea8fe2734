/** Puts other nodes in the place of one, under the names that its values had. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Graph, Node } from '../onnx/graph';

/**
 * Rebuilds the nodes of a graph in order: `replacement` adds what takes the place of a node and returns the values of its
 * outputs, or returns undefined to keep the node. New nodes are credited to the layer of the node they replace.
 * @param g builder of `graph`
 */
export function replaceNodes(
  g: GraphBuilder,
  replacement: (node: Node) => readonly (Value | undefined)[] | undefined,
): void {
  const { graph } = g;
  const { nodes } = graph;
  graph.nodes = [];
  for (const node of nodes) {
    const before = graph.nodes.length;
    const results = g.at(node, () => replacement(node));
    if (!results) {
      graph.nodes.push(node);
      continue;
    }
    node.outputs.forEach((name, i) => {
      const result = results[i];
      if (name && !result) throw new Error(`What replaces ${node.opType} "${node.name}" gives no output ${i}.`);
      if (name && result) rename(g, before, result, name, node);
    });
  }
}

/** Gives a value that was made after node `from` another name; one that was made before is passed on under it. */
function rename(g: GraphBuilder, from: number, value: Value, name: string, origin: Node): void {
  const added = g.graph.nodes.slice(from);
  const maker = added.find((node) => node.outputs.includes(value.name));
  if (!maker || origin.outputs.includes(value.name)) {
    g.graph.nodes.push(identity(g, value, name, origin));
    return;
  }
  for (const node of added) {
    node.inputs = node.inputs.map((input) => (input === value.name ? name : input));
    node.outputs = node.outputs.map((output) => (output === value.name ? name : output));
  }
  g.release(value.name);
}

const identity = (g: GraphBuilder, value: Value, output: string, { name, layer, source }: Node): Node => ({
  name: g.uniqueName(`${name}/Identity`),
  opType: 'Identity',
  domain: '',
  inputs: [value.name],
  outputs: [output],
  attributes: {},
  layer,
  source,
});

/** A copy of a graph whose nodes, values and types can be changed without changing it. */
export const copyOf = (graph: Graph): Graph => ({
  ...graph,
  inputs: [...graph.inputs],
  outputs: [...graph.outputs],
  nodes: graph.nodes.map((node) => ({ ...node, inputs: [...node.inputs], outputs: [...node.outputs] })),
  initializers: new Map(graph.initializers),
  types: new Map(graph.types),
});
