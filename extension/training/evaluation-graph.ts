/** The loss alone, at weights that are fed: for rows that are held out. */
import { GraphBuilder } from '../onnx/builder';
import type { Graph } from '../onnx/graph';
import type { TensorType } from '../onnx/tensor';
import type { LossId } from '../protocol/experiment';
import { losses } from './losses';
import { targetName } from './data/dataset';

export interface EvaluationGraph {
  graph: Graph;
  /** The inputs to be fed with a batch, by the name in the data. */
  batches: ReadonlyMap<string, string>;
  /** Output, a scalar. */
  loss: string;
}

/**
 * @param forward specialised, canonical, in evaluation mode; left as it is
 * @param weights initializers that become inputs of the same name
 */
export function buildEvaluationGraph(request: {
  forward: Graph;
  weights: readonly string[];
  loss: LossId;
  output: string;
  target: TensorType | undefined;
  classAxis?: number;
}): EvaluationGraph {
  const { forward, weights, target } = request;
  const graph: Graph = {
    ...forward,
    name: 'evaluation',
    inputs: [...forward.inputs],
    outputs: [],
    nodes: [...forward.nodes],
    initializers: new Map(forward.initializers),
    types: new Map(forward.types),
  };
  for (const name of weights) {
    const initial = graph.initializers.get(name);
    if (!initial) continue;
    graph.initializers.delete(name);
    graph.inputs.push({ name, dtype: initial.dtype, shape: initial.shape });
  }
  const g = new GraphBuilder(graph);
  const batches = new Map(forward.inputs.map(({ name }) => [name, name]));
  const wanted = target && g.input(targetName, target.dtype, target.shape);
  if (wanted) batches.set(targetName, wanted.name);
  const { loss } = losses[request.loss].build(g, g.value(request.output), wanted, request.classAxis);
  g.output(loss);
  return { graph, batches, loss: loss.name };
}
