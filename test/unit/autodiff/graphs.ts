/** Graphs written by hand for the tests of the pipeline, in any operator set, as an exporter would write them. */
import { emptyGraph, type Attribute, type Graph, type GraphPort, type Node } from '../../../extension/onnx/graph';
import { tensor, type Tensor } from '../../../extension/onnx/tensor';

/** A node without the parts that rarely matter: `node('Relu', ['x'], ['y'])`. */
export const node = (
  opType: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, Attribute> = {},
  layer = '',
): Node => ({ name: outputs[0]!, opType, domain: '', inputs, outputs, attributes, layer });

/** Outputs are untyped until the graph is specialised; their type here is a placeholder. */
export function graphOf(
  opset: number,
  inputs: GraphPort[],
  nodes: Node[],
  outputs: string[],
  initializers: Record<string, Tensor> = {},
): Graph {
  const graph = emptyGraph('test', opset);
  graph.inputs = inputs;
  graph.nodes = nodes;
  graph.outputs = outputs.map((name) => ({ name, dtype: 'float32' }));
  graph.initializers = new Map(Object.entries(initializers));
  return graph;
}

/** Numbers that are neither regular nor far from one, the same every time. */
export const values = (count: number, phase = 0): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase) * 0.8);

export const floats = (...shape: number[]): Tensor =>
  tensor(
    'float32',
    shape,
    values(
      shape.reduce((a, b) => a * b, 1),
      shape.length,
    ),
  );

export const ints = (...list: number[]): Tensor => tensor('int64', [list.length], list);
