/**
 * Rewrites every node to the form that the gradient rules, the remedies and the execution providers know: opset 18, axes
 * and pads as constant inputs, composite operators as what they are made of.
 */
import { GraphBuilder, type Value } from '../onnx/builder';
import type { Graph, Node } from '../onnx/graph';
import { lowerings } from './lowerings';
import { loweringContext } from './lowerings/lowering';

/** The operator set that the engine emits: newer registrations are missing on some execution providers. */
export const canonicalOpset = 18;

/**
 * A canonical copy of a specialised graph. The values that the nodes of the graph produce keep their names and types, and new nodes
 * belong to the layer of the node that they replace.
 * @throws InputError for a form of an operator that cannot be written in opset 18, naming operator, node and layer
 */
export function canonicalise(graph: Graph): Graph {
  const canonical: Graph = {
    ...graph,
    opset: canonicalOpset,
    outputs: [...graph.outputs],
    nodes: graph.nodes,
    initializers: new Map(graph.initializers),
    types: new Map(graph.types),
  };
  // Made while the nodes are still there, the builder knows the names of those that are to come.
  const g = new GraphBuilder(canonical);
  canonical.nodes = [];
  for (const node of graph.nodes) {
    const lowering = node.domain === '' ? lowerings[node.opType] : undefined;
    if (!lowering) {
      canonical.nodes.push({ ...node, inputs: [...node.inputs], outputs: [...node.outputs] });
      continue;
    }
    const before = canonical.nodes.length;
    const results = g.at(node, () => lowering(loweringContext(g, node, graph.opset)));
    node.outputs.forEach((name, i) => {
      if (name) rename(g, before, required(results[i], node, i), name, node);
    });
  }
  return canonical;
}

/** Gives the result of a lowering the name of the value that it stands for. */
function rename(g: GraphBuilder, from: number, result: Value, name: string, origin: Node): void {
  const added = g.graph.nodes.slice(from);
  const maker = added.find((node) => node.outputs.includes(result.name));
  if (!maker || origin.outputs.includes(result.name)) {
    g.graph.nodes.push({
      name: g.uniqueName(`${origin.name}/Identity`),
      opType: 'Identity',
      domain: '',
      inputs: [result.name],
      outputs: [name],
      attributes: {},
      layer: origin.layer,
      source: origin.source,
    });
    return;
  }
  for (const node of added) {
    node.inputs = node.inputs.map((input) => (input === result.name ? name : input));
    node.outputs = node.outputs.map((output) => (output === result.name ? name : output));
  }
  g.release(result.name);
}

function required(result: Value | undefined, node: Node, i: number): Value {
  if (!result) throw new Error(`The lowering of ${node.opType} gives no output ${i}.`);
  return result;
}
