/** The operators of a model that stop it from being trained, known without running it. */
import type { Graph, Node } from '../onnx/graph';
import type { UnsupportedOperator } from '../protocol/inspection';
import { dependents } from './differentiate';
import { gradientRules } from './gradients';
import { lowerings } from './lowerings';
import { isRecurrent } from './recurrent/training-form';
import { canBeUnrolled } from './control-flow';
import { sequenceOperators } from './sequences';
import { hasSubgraph, operands } from './subgraph';

/**
 * Every node between `wrt` and the outputs whose operator has no gradient, in the order of the graph.
 * @param graph as imported or canonical; where types are not known, values are taken for floats
 * @param wrt names of the parameters or inputs to differentiate with respect to
 */
export function unsupportedOperators(
  graph: Graph,
  wrt: Iterable<string>,
  outputs: readonly string[] = graph.outputs.map(({ name }) => name),
): UnsupportedOperator[] {
  const depending = dependents(graph, wrt);
  const needed = new Set(outputs);
  const found: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output) && depending.has(output))) continue;
    const inputs = operands(node).filter((input) => depending.has(input));
    if (inputs.length === 0) continue;
    for (const input of inputs) needed.add(input);
    found.push(...withoutGradient(node));
  }
  return found.reverse().map(({ opType, domain, name, layer }) => ({
    op: domain ? `${domain}.${opType}` : opType,
    node: name,
    layer,
  }));
}

/** The node itself, or those within it that stop it; control flow and sequences are gone once sizes are fixed. */
function withoutGradient(node: Node): Node[] {
  if (node.domain !== '') return [node];
  if (node.opType in gradientRules || node.opType in lowerings || isRecurrent(node)) return [];
  if (sequenceOperators.has(node.opType) || withoutFloats.has(node.opType)) return [];
  if (!hasSubgraph(node) || !canBeUnrolled(node)) return [node];
  return Object.values(node.attributes)
    .flatMap(({ type, value }) => (type === 'graph' ? value.nodes : []))
    .flatMap(withoutGradient);
}

/** What gives booleans or integers, or depends on no activation. */
const withoutFloats = new Set(
  (
    'Not And Or Xor BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor NonMaxSuppression Multinomial ' +
    'OptionalHasElement Constant ConstantOfShape Range RandomNormal RandomUniform'
  ).split(' '),
);
