/** The commonest mistake that a graph shows by itself: a softmax or sigmoid that the loss is going to apply again. */
import { producers, type Graph, type Node } from '../onnx/graph';
import type { LossId } from '../protocol/experiment';

/** What each loss applies to the output itself. LogSoftmax before cross-entropy changes nothing, so it is no mistake. */
const applied: Partial<Record<LossId, readonly string[]>> = {
  'cross-entropy': ['Softmax', 'Sigmoid'],
  'bce-with-logits': ['Sigmoid', 'Softmax'],
};

const layoutOnly = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Flatten', 'Cast']);

/** The softmax or sigmoid that ends in `output`, where `loss` applies one as well. */
export function endingSoftmax(graph: Graph, output: string, loss: LossId): Node | undefined {
  const made = producers(graph);
  let node = made.get(output);
  while (node && layoutOnly.has(node.opType)) node = made.get(node.inputs[0]!);
  return node && applied[loss]?.includes(node.opType) ? node : undefined;
}

/** Its operator and layer, for the header of a run. */
export function softmaxBeforeLoss(
  graph: Graph,
  output: string,
  loss: LossId,
): { op: string; layer: string } | undefined {
  const node = endingSoftmax(graph, output, loss);
  return node && { op: node.opType, layer: node.layer };
}
