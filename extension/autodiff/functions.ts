/** Operators in forms that the runtime does not take, or infers no type for: spelled out before it is asked. */
import { attribute, type Attribute, type Graph, type Node } from '../onnx/graph';
import { tensor } from '../onnx/tensor';
import { operands } from './subgraph';

/** Replaces them in place. */
export function spellOutFunctions(graph: Graph): void {
  const used = new Set([...graph.nodes.flatMap(operands), ...graph.outputs.map(({ name }) => name)]);
  graph.nodes = graph.nodes.flatMap((node) => {
    if (node.domain !== '') return [node];
    if (node.opType === 'BatchNormalization' && graph.opset < 14) return [withoutSavedStatistics(node, used)];
    if (node.opType === 'MeanVarianceNormalization') return meanVarianceNormalization(node, graph);
    return attribute(node, 'layout', 'int') === 1 ? timeFirst(node) : [node];
  });
}

/** Before opset 14 the statistics that BatchNormalization hands to a backward pass have no type; exporters list them, unused. */
const withoutSavedStatistics = (node: Node, used: ReadonlySet<string>): Node =>
  node.outputs.slice(1).some((output) => used.has(output)) ? node : { ...node, outputs: node.outputs.slice(0, 1) };

/** A recurrent operator whose batch comes first (`layout` 1), with the time first, as the runtime wants it. */
function timeFirst(node: Node): Node[] {
  const swap = (input: string, output: string, perm: readonly number[]): Node => ({
    ...node,
    name: `${node.name}/${output}`,
    opType: 'Transpose',
    inputs: [input],
    outputs: [output],
    attributes: { perm: { type: 'ints', value: perm } },
  });
  const before: Node[] = [];
  // The sequence, and the initial states.
  const inputs = node.inputs.map((input, i) => {
    if (!input || ![0, 5, 6].includes(i)) return input;
    const swapped = `${node.outputs.find(Boolean)!}/input_${i}`;
    before.push(swap(input, swapped, [1, 0, 2]));
    return swapped;
  });
  const outputs = node.outputs.map((output) => output && `${output}/time_first`);
  const after = node.outputs.flatMap((output, i) =>
    output ? [swap(outputs[i]!, output, i === 0 ? [2, 0, 1, 3] : [1, 0, 2])] : [],
  );
  const attributes = Object.fromEntries(Object.entries(node.attributes).filter(([name]) => name !== 'layout'));
  return [...before, { ...node, inputs, outputs, attributes }, ...after];
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
