/** What the output of a layer looks like: its distribution, and the units that are switched off or at their ends. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { producers, type Graph, type Node } from '../onnx/graph';
import { numbers, sizeOf } from '../onnx/tensor';
import { flat } from './magnitudes';

/** What can go wrong with the units of an activation function. */
export type ActivationKind = 'rectifier' | 'sigmoid' | 'tanh';

/**
 * How far out an output counts as saturated: within 1 % of the range of the function from one of its ends. For a
 * sigmoid that is |x| > 4.6, where its derivative is below 4 % of its largest.
 */
const saturation = 0.01;

export function activationKind(node: Node | undefined, graph: Graph): ActivationKind | undefined {
  switch (node?.opType) {
    case 'Relu':
    case 'ThresholdedRelu':
      return 'rectifier';
    case 'Clip': {
      const low = graph.initializers.get(node.inputs[1] ?? '');
      return low && numbers(low)[0] === 0 ? 'rectifier' : undefined;
    }
    case 'Sigmoid':
    case 'HardSigmoid':
      return 'sigmoid';
    case 'Tanh':
      return 'tanh';
    default:
      return undefined;
  }
}

/**
 * The axis of an activation that counts units: channels after a convolution, features after a linear layer. Found by
 * walking back to the layer that made the units; axis 1 where the walk does not tell.
 */
export function unitAxis(graph: Graph, value: Value): number {
  const rank = value.shape.length;
  if (rank <= 2) return Math.max(0, rank - 1);
  const made = producers(graph);
  let node = made.get(value.name);
  while (node) {
    if (node.opType.includes('Conv')) return 1;
    if (node.opType === 'MatMul' || node.opType === 'Gemm') return rank - 1;
    // The bias of a linear layer may come first.
    node = node.inputs.map((input) => made.get(input)).find(Boolean);
  }
  return 1;
}

/** Mean and standard deviation over all elements (divided by their number, not by one less), each of shape [1]. */
export function moments(g: GraphBuilder, x: Value): { mean: Value; std: Value } {
  const values = flat(g, x);
  const mean = g.mean(values, [0], true);
  const variance = g.div(g.reduce('ReduceSumSquare', g.sub(values, mean), [0], true), sizeOf(values.shape));
  return { mean, std: g.sqrt(variance) };
}

/**
 * Of a rectifier's output: the share of zeros, and the share of units that have fired neither now nor before.
 * @param fired per unit the largest output so far, float32 of shape [units]
 */
export function rectifierShares(
  g: GraphBuilder,
  x: Value,
  axis: number,
  fired: Value,
): { zeroShare: Value; deadShare: Value; fired: Value } {
  const others = [...x.shape.keys()].filter((other) => other !== axis);
  const units = x.shape[axis]!;
  // The outputs are not negative, so their signs are the units that fire.
  const firing = g.sum(g.unary('Sign', g.cast(x, 'float32')), others);
  const nextFired = g.max(fired, firing);
  const alive = g.sum(g.unary('Sign', nextFired), [0], true);
  return {
    zeroShare: g.sub(1, g.div(g.sum(firing, [0], true), sizeOf(x.shape))),
    deadShare: g.sub(1, g.div(alive, units)),
    fired: nextFired,
  };
}

/** The share of outputs at the ends of a sigmoid or tanh, of shape [1]. */
export function saturatedShare(g: GraphBuilder, x: Value, kind: 'sigmoid' | 'tanh'): Value {
  const values = flat(g, x);
  const distance =
    kind === 'tanh'
      ? g.greater(g.abs(values), 1 - 2 * saturation)
      : g.greater(g.abs(g.sub(values, 0.5)), 0.5 - saturation);
  return g.mean(g.cast(distance, 'float32'), [0], true);
}
