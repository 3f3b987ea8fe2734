/** Operators that the runtime computes but infers no type for: spelled out before it is asked. */
import { attribute, type Attribute, type Graph, type Node } from '../onnx/graph';
import { tensor } from '../onnx/tensor';

/** Replaces them in place. */
export function spellOutFunctions(graph: Graph): void {
  graph.nodes = graph.nodes.flatMap((node) =>
    node.domain === '' && node.opType === 'MeanVarianceNormalization' ? meanVarianceNormalization(node, graph) : [node],
  );
}

/** (x - mean)/(deviation + 1e-9), as the operator is defined: without the ε under the root of other normalizations. */
function meanVarianceNormalization(node: Node, graph: Graph): Node[] {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const axes = attribute(node, 'axes', 'ints') ?? [0, 2, 3];
  const epsilon = `${y}/epsilon`;
  graph.initializers.set(epsilon, tensor('float32', [], [1e-9]));
  const axesName = `${y}/axes`;
  const byInput = graph.opset >= 18;
  if (byInput) graph.initializers.set(axesName, tensor('int64', [axes.length], axes));
  const nodes: Node[] = [];
  const add = (
    opType: string,
    inputs: string[],
    result: string,
    attributes: Record<string, Attribute> = {},
  ): string => {
    const output = result === y ? y : `${y}/${result}`;
    nodes.push({ ...node, name: `${node.name}/${result}`, opType, inputs, outputs: [output], attributes });
    return output;
  };
  const mean = (input: string, result: string): string =>
    byInput
      ? add('ReduceMean', [input, axesName], result)
      : add('ReduceMean', [input], result, { axes: { type: 'ints', value: axes } });
  const centred = add('Sub', [x, mean(x, 'mean')], 'centred');
  const variance = mean(add('Mul', [centred, centred], 'square'), 'variance');
  const deviation = add('Add', [add('Sqrt', [variance], 'deviation'), epsilon], 'denominator');
  add('Div', [centred, deviation], y);
  return nodes;
}
