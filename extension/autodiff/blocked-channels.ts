/**
 * ONNX Runtime's fast convolutions for CPUs. They are operators of its own domain, on images whose channels come in
 * blocks, [N, C / block, height, width, block], and on weights in the order to match; the block is as long as a vector
 * of the processor. Its optimizer uses them where weights are constant, which in training they are not: so the graph
 * says itself where they pay, and brings weights into order as it goes. A blocked value carries the shape [N, C, …] of
 * what it holds.
 */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Node } from '../onnx/graph';
import { sizeOf, type Shape } from '../onnx/tensor';
import { replaceNodes } from './replace';

export const blockedDomain = 'com.microsoft.nchwc';

export interface Placing {
  strides: readonly number[];
  dilations: readonly number[];
  /** Before each axis, then after each. */
  pads: readonly number[];
}

/**
 * Below as many positions in all samples, bringing weights into order takes longer than is won by it. Measured on x64
 * with kernels of 3×3.
 */
const fewestPositions = 256;

export const pays = ([batch, , ...space]: Shape, kernel: Shape): boolean =>
  sizeOf(kernel) > 1 && batch! * sizeOf(space) >= fewestPositions;

/** [N, C, height, width] with C a multiple of the block. */
export const blocked = (g: GraphBuilder, x: Value): Value => blockedOp(g, 'ReorderInput', [x], {}, x);

export const unblocked = (g: GraphBuilder, x: Value): Value =>
  blockedOp(g, 'ReorderOutput', [x], { channels: x.shape[1]! }, x);

/** Weights [M, C, …], M and C multiples of the block or C less than one: within a block, outputs vary fastest. */
export function blockedWeights(g: GraphBuilder, w: Value, block: number): Value {
  const [outputs, inputs] = w.shape as [number, number];
  const byInput = inputs < block ? w : blocked(g, w);
  const rows = g.reshape(byInput, [outputs / block, block, sizeOf(w.shape) / outputs, 1]);
  return g.reshape(blocked(g, rows), w.shape);
}

/** Those of the convolution that takes gradients back: channels swapped and every axis of space reversed. */
export function turnedBlockedWeights(g: GraphBuilder, w: Value, block: number): Value {
  const [outputs, inputs, ...kernel] = w.shape as [number, number, ...number[]];
  const [groups, offsets] = [inputs / block, sizeOf(kernel)];
  // Once inputs are in blocks, whole blocks change places.
  const order = new Array<number>(outputs * groups * offsets);
  let at = 0;
  for (let group = 0; group < groups; group++)
    for (let first = 0; first < outputs; first += block)
      for (let offset = offsets - 1; offset >= 0; offset--)
        for (let output = first; output < first + block; output++)
          order[at++] = (output * groups + group) * offsets + offset;
  const blocks = g.reshape(blocked(g, w), [order.length, block]);
  const indices = g.constant('int32', [order.length], order);
  const turned = g.op('Gather', [blocks, indices], { axis: 0 }, blocks);
  return g.reshape(turned, [inputs, outputs, ...kernel]);
}

/**
 * A convolution of blocked values.
 * @param x blocked; as it is where it has fewer channels than a block
 * @param w in the order of {@link blockedWeights}
 * @param space sizes of the result
 * @param sum blocked; what the result is added to
 */
export function blockedConvolution(
  g: GraphBuilder,
  x: Value,
  w: Value,
  { strides, dilations, pads }: Placing,
  space: Shape,
  sum?: Value,
): Value {
  const attributes = { kernel_shape: w.shape.slice(2), strides, dilations, pads, group: 1 };
  const type = { dtype: x.dtype, shape: [x.shape[0]!, w.shape[0]!, ...space] };
  return blockedOp(g, 'Conv', [x, w, undefined, sum], attributes, type);
}

/** Does the convolutions of a finished graph that this pays for with channels in blocks. */
export function blockConvolutions(g: GraphBuilder, block: number): void {
  replaceNodes(g, (node) => {
    if (!canBeBlocked(g, node, block)) return undefined;
    const [x, w, bias] = node.inputs.map((name) => (name ? g.value(name) : undefined)) as [Value, Value, Value?];
    const inputs = [x.shape[1]! < block ? x : blocked(g, x), blockedWeights(g, w, block), bias];
    return [unblocked(g, blockedOp(g, 'Conv', inputs, node.attributes, g.value(node.outputs[0]!)))];
  });
}

function canBeBlocked(g: GraphBuilder, { opType, domain, inputs, outputs, attributes }: Node, block: number): boolean {
  if (opType !== 'Conv' || domain !== '' || (attributes.group?.value ?? 1) !== 1) return false;
  const [x, w, y] = [inputs[0]!, inputs[1]!, outputs[0]!].map((name) => g.value(name)) as [Value, Value, Value];
  return (
    isBlockable(w, block) &&
    reaches(attributes, w.shape.slice(2)) &&
    pays(y.shape, w.shape.slice(2)) &&
    sizeOf(x.shape) > 0
  );
}

/** Whether weights are those of a convolution in two dimensions that blocks divide. */
export const isBlockable = ({ dtype, shape: [outputs, inputs, ...kernel] }: Value, block: number): boolean =>
  dtype === 'float32' && kernel.length === 2 && outputs! % block === 0 && (inputs! % block === 0 || inputs! < block);

/** Whether every window sees some of the image: padding is shorter than the kernel. */
function reaches(attributes: Node['attributes'], kernel: Shape): boolean {
  const ints = (name: string): readonly number[] | undefined => {
    const found = attributes[name];
    return found?.type === 'ints' ? found.value : undefined;
  };
  const dilations = ints('dilations');
  const pads = ints('pads') ?? [];
  return pads.every((pad, i) => {
    const axis = i % kernel.length;
    return pad >= 0 && pad <= (kernel[axis]! - 1) * (dilations?.[axis] ?? 1);
  });
}

const blockedOp = (
  g: GraphBuilder,
  opType: string,
  inputs: readonly (Value | undefined)[],
  attributes: Parameters<GraphBuilder['op']>[2],
  { dtype, shape }: Pick<Value, 'dtype' | 'shape'>,
): Value => g.ops(opType, inputs, attributes, [{ dtype, shape }], blockedDomain)[0]!;
