/**
 * Convolution and its transpose, in one to three dimensions and with groups. The image x [N, C, …] is what the kernel
 * slides over and y [N, M, …] has one position per window; for the transposed operator the roles of input and output
 * are swapped, so both share two gradients: that of the image and that of the weight [M, C / groups, …].
 */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { Shape } from '../../onnx/tensor';
import type { GradientRule, GradientRules } from '../rule';
import { crop, reverse } from './shape';
import { integers, outputGradient, perInput, product, range } from './support';
import { offsets, padsOf, windowsOf, type Windows } from './windows';

const conv: GradientRule = (c) => {
  const { g } = c;
  const [x, w] = [c.input(0), c.input(1)];
  const dy = outputGradient(c);
  const windows = windowsOf(c, w.shape.slice(2), x.shape.slice(2), dy.shape.slice(2));
  const groups = c.int('group', 1);
  return perInput(
    c,
    () => imageGradient(g, dy, w, windows, x.shape, groups),
    () => weightGradient(g, x, dy, windows, groups),
    () => biasGradient(g, dy),
  );
};

const convTranspose: GradientRule = (c) => {
  const { g } = c;
  const [x, w] = [c.input(0), c.input(1)];
  const dy = outputGradient(c);
  const windows = windowsOf(c, w.shape.slice(2), dy.shape.slice(2), x.shape.slice(2), 'transposed');
  const groups = c.int('group', 1);
  return perInput(
    c,
    () => slide(g, dy, w, windows, x.shape.slice(2), groups),
    () => weightGradient(g, dy, x, windows, groups),
    () => biasGradient(g, dy),
  );
};

const biasGradient = (g: GraphBuilder, dy: Value): Value =>
  g.sum(
    dy,
    range(dy.shape.length).filter((axis) => axis !== 1),
  );

/** The convolution of an image at the given number of positions. */
function slide(g: GraphBuilder, x: Value, w: Value, windows: Windows, positions: Shape, groups: number): Value {
  const pads = padsOf(windows);
  const space = windows.kernel.map((length, i) => {
    const extent = (length - 1) * windows.dilations[i]! + 1;
    const padded = x.shape[i + 2]! + windows.before[i]! + Math.max(0, windows.after[i]!);
    return Math.floor((padded - extent) / windows.strides[i]!) + 1;
  });
  const { kernel, strides, dilations } = windows;
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups };
  const shape = [x.shape[0]!, w.shape[0]!, ...space];
  const y = g.op('Conv', [x, w], attributes, { dtype: x.dtype, shape });
  // An image longer than the windows need may hold more of them.
  return positions.reduce((value, count, i) => crop(g, value, i + 2, 0, count), y);
}

/** ∂L/∂image: every output position hands its gradient back through the kernel to the window that it saw. */
function imageGradient(g: GraphBuilder, dy: Value, w: Value, windows: Windows, image: Shape, groups: number): Value {
  const { kernel, strides, dilations, before, after } = windows;
  const reach = kernel.map((length, i) => (length - 1) * dilations[i]!);
  const pads = [...before, ...after].map((length, i) => reach[i % reach.length]! - length);
  // Turning the kernel around pays where it is smaller than the gradient it then slides over.
  const turns = strides.every((stride) => stride === 1) && pads.every((length) => length >= 0);
  if (turns && product(w.shape) <= product(dy.shape)) {
    const turned = { ...windows, before: pads.slice(0, reach.length), after: pads.slice(reach.length) };
    return slide(g, dy, turnedKernel(g, w, groups), turned, image.slice(2), groups);
  }
  return spreadWindows(g, dy, w, windows, image, groups);
}

/** ConvTranspose onto an image of the given shape. */
export function spreadWindows(
  g: GraphBuilder,
  dy: Value,
  w: Value,
  windows: Windows,
  image: Shape,
  groups: number,
): Value {
  const { kernel, strides, dilations, after } = windows;
  const attributes = {
    kernel_shape: kernel,
    strides,
    dilations,
    pads: padsOf(windows),
    output_padding: after.map((length) => Math.max(0, -length)),
    group: groups,
  };
  return g.op('ConvTranspose', [dy, w], attributes, { dtype: dy.dtype, shape: image });
}

/** The kernel with input and output channels swapped within each group and every axis of space reversed. */
function turnedKernel(g: GraphBuilder, w: Value, groups: number): Value {
  const [outputs, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  const grouped = g.reshape(w, [groups, outputs / groups, perGroup, ...kernel]);
  const swapped = g.transpose(grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  const shaped = g.reshape(swapped, [groups * perGroup, outputs / groups, ...kernel]);
  return kernel.reduce((turned, _, i) => reverse(g, turned, i + 2), shaped);
}

/**
 * ∂L/∂w: for every offset in the kernel, the product of the output's gradient with the image as that offset saw it.
 * Three forms of the same sum, each the fastest somewhere; which one is measured on the CPU.
 */
function weightGradient(g: GraphBuilder, x: Value, dy: Value, windows: Windows, groups: number): Value {
  const space = dy.shape.slice(2);
  const positions = product(space);
  const size = product(windows.kernel);
  const outputs = dy.shape[1]!;
  if (size === 1) return batchedProducts(g, slicedColumns(g, x, space, windows, groups), dy, windows, groups);
  // More channels than positions: partial sums per sample would be larger than the columns they come from.
  if (groups === 1 && outputs >= positions) return oneProduct(g, x, dy, windows);
  const unstrided = windows.strides.every((stride) => stride === 1);
  const columns = groups === 1 && unstrided && size <= 9 && positions >= 1024 ? slicedColumns : convolvedColumns;
  return batchedProducts(g, columns(g, x, space, windows, groups), dy, windows, groups);
}

/** What each window sees, [N, groups, rows, positions], and in which order its rows hold offsets and channels. */
interface Columns {
  value: Value;
  order: 'channel, offset' | 'offset, channel';
}

/** One slice of the padded image per offset. */
function slicedColumns(g: GraphBuilder, x: Value, positions: Shape, windows: Windows, groups: number): Columns {
  const [batch, channels] = x.shape as [number, number];
  const slices = slicesByOffset(g, x, 2, positions, windows).map((slice) =>
    g.reshape(slice, [batch, groups, channels / groups, product(positions)]),
  );
  return { value: g.concat(slices, 2), order: 'offset, channel' };
}

/** A depthwise convolution whose kernels are 1 at one offset each: im2col by the runtime's own code. */
function convolvedColumns(g: GraphBuilder, x: Value, positions: Shape, windows: Windows, groups: number): Columns {
  const [batch, channels] = x.shape as [number, number];
  const size = product(windows.kernel);
  const identity = range(size * size).map((i) => (i % (size + 1) === 0 ? 1 : 0));
  const oneHot = g.constant(x.dtype as 'float32', [1, size, 1, ...windows.kernel], identity);
  const kernels = g.reshape(g.expand(oneHot, [channels, size, 1, ...windows.kernel]), [
    channels * size,
    1,
    ...windows.kernel,
  ]);
  const columns = slide(g, x, kernels, windows, positions, channels);
  const shape = [batch, groups, (channels / groups) * size, product(positions)];
  return { value: g.reshape(columns, shape), order: 'channel, offset' };
}

/** One matrix product per sample and group, summed over the samples. */
function batchedProducts(g: GraphBuilder, columns: Columns, dy: Value, windows: Windows, groups: number): Value {
  const [batch, outputs] = dy.shape as [number, number];
  const rows = columns.value.shape[2]!;
  const gradients = g.reshape(dy, [batch, groups, outputs / groups, columns.value.shape[3]!]);
  const products = g.sum(g.matmul(gradients, g.matrixTranspose(columns.value)), [0]);
  return shapedKernel(g, products, outputs, rows / product(windows.kernel), windows.kernel, columns.order);
}

/** One matrix product over samples and positions together, channels last. */
function oneProduct(g: GraphBuilder, x: Value, dy: Value, windows: Windows): Value {
  const [batch, channels] = x.shape as [number, number];
  const [, outputs, ...positions] = dy.shape as [number, number, ...number[]];
  const length = batch * product(positions);
  const slices = slicesByOffset(g, channelsLast(g, x), 1, positions, windows).map((slice) =>
    g.reshape(slice, [length, channels]),
  );
  const gradients = g.reshape(channelsLast(g, dy), [length, outputs]);
  const products = g.gemm(gradients, g.concat(slices, 1), { transA: true });
  return shapedKernel(g, products, outputs, channels, windows.kernel, 'offset, channel');
}

const channelsLast = (g: GraphBuilder, x: Value): Value => g.transpose(x, [0, ...range(x.shape.length).slice(2), 1]);

function shapedKernel(
  g: GraphBuilder,
  products: Value,
  outputs: number,
  channels: number,
  kernel: readonly number[],
  order: Columns['order'],
): Value {
  const size = product(kernel);
  const ordered =
    order === 'channel, offset' || size === 1
      ? products
      : g.transpose(g.reshape(products, [outputs, size, channels]), [0, 2, 1]);
  return g.reshape(ordered, [outputs, channels, ...kernel]);
}

/** The image as every offset of the kernel sees it, one element per position. `space` is the first axis of space. */
function slicesByOffset(g: GraphBuilder, x: Value, space: number, positions: Shape, windows: Windows): Value[] {
  const { kernel, strides, dilations } = windows;
  const padded = paddedImage(g, x, space, windows);
  return offsets(kernel).map((offset) => {
    const starts = offset.map((at, i) => at * dilations[i]!);
    const ends = starts.map((start, i) => start + (positions[i]! - 1) * strides[i]! + 1);
    const axes = kernel.map((_, i) => i + space);
    const shape = x.shape.map((length, axis) => positions[axis - space] ?? length);
    const whole = axes.every((axis, i) => starts[i] === 0 && strides[i] === 1 && ends[i] === padded.shape[axis]);
    const inputs = [padded, g.ints(starts), g.ints(ends), g.ints(axes), g.ints(strides)];
    return whole ? padded : g.op('Slice', inputs, {}, { dtype: x.dtype, shape });
  });
}

function paddedImage(g: GraphBuilder, x: Value, space: number, windows: Windows): Value {
  const around = (lengths: readonly number[]): number[] =>
    x.shape.map((_, axis) => Math.max(0, lengths[axis - space] ?? 0));
  return g.pad(x, [...around(windows.before), ...around(windows.after)]);
}

/** The adjoint of Col2Im is im2col: [N, C, …] to [N, C·offsets, positions]. */
const columnsToImage: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const kernel = integers(c, 2)!;
  const positions = kernel.map((length, i) => {
    const [stride, dilation] = [
      c.ints(
        'strides',
        kernel.map(() => 1),
      )[i]!,
      c.ints(
        'dilations',
        kernel.map(() => 1),
      )[i]!,
    ];
    const pads = c.ints('pads', [...kernel, ...kernel].fill(0));
    const padded = dy.shape[i + 2]! + pads[i]! + pads[i + kernel.length]!;
    return Math.floor((padded - (length - 1) * dilation - 1) / stride) + 1;
  });
  const windows = windowsOf(c, kernel, dy.shape.slice(2), positions);
  const columns = convolvedColumns(g, dy, positions, windows, 1);
  return [g.reshape(columns.value, c.input(0).shape)];
};

export const convolutionRules: GradientRules = {
  Conv: conv,
  ConvTranspose: convTranspose,
  Col2Im: columnsToImage,
};
