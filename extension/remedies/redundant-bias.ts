import type { Value } from '../onnx/builder';
import type { WeightLayer } from './anatomy';
import type { Patient } from './patient';
import { replaceUses, tidy } from './rewrite';

/** Takes the bias off a weight layer, out of the graph and out of the parameters. Returns the layer's new output. */
export function withoutBias(patient: Patient, { node, bias, output }: WeightLayer): Value {
  if (!bias) return output;
  const { graph, g, parameters } = patient;
  parameters.delete(bias);
  if (node.inputs[2] === bias) {
    node.inputs.length = 2;
  } else {
    replaceUses(graph, output.name, node.outputs[0]!);
    tidy(graph);
  }
  graph.initializers.delete(bias);
  graph.marks.delete(bias);
  return g.value(node.outputs[0]!);
}
