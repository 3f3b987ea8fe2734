/**
 * Rewrites every node to the form that the gradient rules, the remedies and the execution providers know: opset 18, axes
 * and pads as constant inputs, composite operators as what they are made of.
 */
import { GraphBuilder } from '../onnx/builder';
import type { Graph } from '../onnx/graph';
import { lowerings } from './lowerings';
import { loweringContext } from './lowerings/lowering';
import { copyOf, replaceNodes } from './replace';

/** The operator set that the engine emits: newer registrations are missing on some execution providers. */
export const canonicalOpset = 18;

/**
 * A canonical copy of a specialised graph. The values that the nodes of the graph produce keep their names and types, and
 * new nodes belong to the layer of the node that they replace.
 * @throws UnsupportedError for a form of an operator that cannot be written in opset 18
 */
export function canonicalise(graph: Graph): Graph {
  const canonical = copyOf(graph);
  canonical.opset = canonicalOpset;
  const g = new GraphBuilder(canonical);
  replaceNodes(g, (node) => {
    const lowering = node.domain === '' ? lowerings[node.opType] : undefined;
    return lowering?.(loweringContext(g, node, graph.opset));
  });
  return canonical;
}
