/**
 * Transposed convolution in three dimensions for execution providers whose kernel stops at two: a convolution with the
 * kernel turned around, of an image between whose elements there are zeros.
 */
import type { GraphBuilder, Value } from '../onnx/builder';
import { attribute, type Node } from '../onnx/graph';
import { turnedKernel } from './gradients/convolution';
import { crop } from './gradients/shape';
import { product } from './gradients/support';
import { replaceNodes } from './replace';

/** Replaces those of a finished graph. One that pads by rule (`auto_pad`) stays as it is. */
export function spreadConvolutions(g: GraphBuilder): void {
  replaceNodes(g, (node) => {
    const kernel = node.opType === 'ConvTranspose' && node.domain === '' && g.value(node.inputs[1]!).shape.slice(2);
    const isPlaced = (attribute(node, 'auto_pad', 'string') ?? 'NOTSET') === 'NOTSET';
    return kernel && kernel.length === 3 && isPlaced ? [spreadConvolution(g, node, kernel)] : undefined;
  });
}

function spreadConvolution(g: GraphBuilder, node: Node, kernel: readonly number[]): Value {
  const [x, w, bias] = node.inputs.map((name) => (name ? g.value(name) : undefined)) as [Value, Value, Value?];
  const y = g.value(node.outputs[0]!);
  const ones = kernel.map(() => 1);
  const strides = attribute(node, 'strides', 'ints') ?? ones;
  const dilations = attribute(node, 'dilations', 'ints') ?? ones;
  const before = attribute(node, 'pads', 'ints') ?? kernel.map(() => 0);
  const group = attribute(node, 'group', 'int') ?? 1;
  let image = x;
  // Axis by axis; where the output leaves out what the first windows reach, or the last, the image is cut instead.
  const pads = kernel.map((length, i) => {
    image = spread(g, image, i + 2, strides[i]!);
    const reach = (length - 1) * dilations[i]!;
    const first = reach - before[i]!;
    const last = y.shape[i + 2]! + reach - image.shape[i + 2]! - first;
    image = crop(g, image, i + 2, Math.max(0, -first), image.shape[i + 2]! - Math.max(0, -last));
    return [Math.max(0, first), Math.max(0, last)] as const;
  });
  return g.op(
    'Conv',
    [image, turnedKernel(g, w, group), bias],
    {
      kernel_shape: kernel,
      strides: ones,
      dilations,
      pads: [...pads.map(([first]) => first), ...pads.map(([, last]) => last)],
      group,
    },
    { dtype: y.dtype, shape: y.shape },
  );
}

/** Puts `stride - 1` zeros between the elements along an axis. */
function spread(g: GraphBuilder, x: Value, axis: number, stride: number): Value {
  const length = x.shape[axis]!;
  if (stride === 1 || length === 1) return x;
  const rows = product(x.shape.slice(0, axis + 1));
  const padded = g.pad(g.reshape(x, [rows, 1, product(x.shape.slice(axis + 1))]), [0, 0, 0, 0, stride - 1, 0]);
  return crop(g, g.reshape(padded, x.shape.with(axis, length * stride)), axis, 0, (length - 1) * stride + 1);
}
