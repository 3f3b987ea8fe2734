/** Where a normalization may go, and what it makes redundant. */
import type { Value } from '../onnx/builder';
import { consumers } from '../onnx/graph';
import type { Patient, WeightLayer } from './patient';
import { replaceUses, tidy } from './rewrite';

const normalizations = new Set([
  'BatchNormalization',
  'LayerNormalization',
  'InstanceNormalization',
  'GroupNormalization',
  'RMSNormalization',
]);

/** Whether a normalization follows already, as an operator or as a module that was lowered to several. */
export function isNormalized(patient: Patient, { output }: WeightLayer): boolean {
  const normLayers = new Set(patient.layers.filter(({ kind }) => kind === 'norm').map(({ name }) => name));
  return (consumers(patient.graph).get(output.name) ?? []).some(
    ({ opType, layer }) => normalizations.has(opType) || normLayers.has(layer),
  );
}

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
