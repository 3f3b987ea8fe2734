/** The units of an activation function that are switched off or at their ends. */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Graph, Node } from '../onnx/graph';
import { numbers, sizeOf } from '../onnx/tensor';

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
 * Where an activation counts its units: channels (axis 1) after a convolution, features (the last axis) after a linear
 * layer. Found by walking back to the layer that made the units; channels where the walk does not tell.
 * @param made the nodes by the values that they make
 */
export function unitAxis(made: ReadonlyMap<string, Node>, value: Value): number {
  const rank = value.shape.length;
  if (rank <= 2) return Math.max(0, rank - 1);
  let node = made.get(value.name);
  while (node) {
    if (node.opType.includes('Conv')) return 1;
    if (node.opType === 'MatMul' || node.opType === 'Gemm') return rank - 1;
    // The bias of a linear layer may come first.
    node = node.inputs.map((input) => made.get(input)).find(Boolean);
  }
  return 1;
}

/**
 * Of a rectifier's output: how many elements are not zero, and how many units have fired neither now nor before, both
 * of shape [1, 1].
 * @param axis that of channels or the last one
 * @param fired how often each unit has fired so far, float32 of shape [1, units]
 */
export function countFiring(
  g: GraphBuilder,
  x: Value,
  axis: number,
  fired: Value,
): { firing: Value; dead: Value; fired: Value } {
  const units = x.shape[axis]!;
  const samples = sizeOf(x.shape.slice(0, axis));
  // The comparison that the gradient of a rectifier makes too: the runtime computes it once.
  const isFiring = g.cast(g.greater(x, 0), 'float32');
  const perSample = g.reshape(g.sum(isFiring, [...x.shape.keys()].slice(axis + 1)), [samples, units]);
  const now = g.sumRows(perSample);
  const next = g.add(fired, now);
  return {
    firing: g.sum(now, undefined, true),
    dead: g.sum(g.cast(g.equal(next, 0), 'float32'), undefined, true),
    fired: next,
  };
}

/**
 * How many outputs are at the ends of a sigmoid or tanh, of shape [1, …]: where the derivative is small. The derivative
 * is written as the gradient rule writes it, so that the runtime computes it once.
 */
export function countSaturated(g: GraphBuilder, x: Value, kind: 'sigmoid' | 'tanh'): Value {
  const [derivative, atLimit] =
    kind === 'sigmoid'
      ? [g.mul(x, g.sub(1, x)), saturation * (1 - saturation)]
      : [g.sub(1, g.mul(x, x)), 1 - (1 - 2 * saturation) ** 2];
  return g.sum(g.cast(g.less(derivative, atLimit), 'float32'), undefined, true);
}
