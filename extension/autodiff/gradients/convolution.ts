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

/**
 * The forms that an execution provider has for the gradients that one value takes part in: dy, or what is in its place
 * for the transposed operator. Each gives undefined for what it does not fit. Without groups.
 */
export type ConvolutionForms = (
  g: GraphBuilder,
  dy: Value,
) => {
  imageGradient(w: Value, windows: Windows, image: Shape): Value | undefined;
  weightGradient(x: Value, windows: Windows): Value | undefined;
};

const conv =
  (forms?: ConvolutionForms): GradientRule =>
  (c) => {
    const { g } = c;
    const [x, w] = [c.input(0), c.input(1)];
    const dy = outputGradient(c);
    const windows = windowsOf(c, w.shape.slice(2), x.shape.slice(2), dy.shape.slice(2));
    const groups = c.int('group', 1);
    const own = groups === 1 ? forms?.(g, dy) : undefined;
    return perInput(
      c,
      () => own?.imageGradient(w, windows, x.shape) ?? imageGradient(g, dy, w, windows, x.shape, groups),
      () => own?.weightGradient(x, windows) ?? weightGradient(g, x, dy, windows, groups),
      () => biasGradient(g, dy),
    );
  };

const convTranspose =
  (forms?: ConvolutionForms): GradientRule =>
  (c) => {
    const { g } = c;
    const [x, w] = [c.input(0), c.input(1)];
    const dy = outputGradient(c);
    const windows = windowsOf(c, w.shape.slice(2), dy.shape.slice(2), x.shape.slice(2), 'transposed');
    const groups = c.int('group', 1);
    const own = groups === 1 ? forms?.(g, x) : undefined;
    return perInput(
      c,
      () => slide(g, dy, w, windows, x.shape.slice(2), groups),
      () => own?.weightGradient(dy, windows) ?? weightGradient(g, dy, x, windows, groups),
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
  const pads = turnedPads(windows);
  // Turning the kernel around pays where it is smaller than the gradient it then slides over.
  if (pads && product(w.shape) <= product(dy.shape)) {
    const turned = { ...windows, before: pads.slice(0, pads.length / 2), after: pads.slice(pads.length / 2) };
    return slide(g, dy, turnedKernel(g, w, groups), turned, image.slice(2), groups);
  }
  return spreadWindows(g, dy, w, windows, image, groups);
}

/** The padding with which the turned kernel slides over the gradient; undefined where that is no convolution. */
export function turnedPads({ kernel, strides, dilations, before, after }: Windows): number[] | undefined {
  const reach = kernel.map((length, i) => (length - 1) * dilations[i]!);
  const pads = [...before, ...after].map((length, i) => reach[i % reach.length]! - length);
  return strides.every((stride) => stride === 1) && pads.every((length) => length >= 0) ? pads : undefined;
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
export function turnedKernel(g: GraphBuilder, w: Value, groups: number): Value {
  const [outputs, perGroup, ...kernel] = w.shape as [number, number, ...number[]];
  const grouped = g.reshape(w, [groups, outputs / groups, perGroup, ...kernel]);
  const swapped = g.transpose(grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  const shaped = g.reshape(swapped, [groups * perGroup, outputs / groups, ...kernel]);
  return kernel.reduce((turned, _, i) => reverse(g, turned, i + 2), shaped);
}

/** ∂L/∂w: for every offset in the kernel, the product of the output's gradient with the image as that offset saw it. */
const weightGradient = (g: GraphBuilder, x: Value, dy: Value, windows: Windows, groups: number): Value =>
  groups === 1 ? oneProduct(g, x, dy, windows) : productsBySample(g, x, dy, windows, groups);

/** One product over samples and positions together, [M, N·positions] by [C·offsets, N·positions] transposed. */
function oneProduct(g: GraphBuilder, x: Value, dy: Value, windows: Windows): Value {
  const [batch, outputs, ...space] = dy.shape as [number, number, ...number[]];
  const inputs = x.shape[1]!;
  const length = batch * product(space);
  // A single slice is smaller than the image.
  const slices =
    product(windows.kernel) === 1
      ? slicesByOffset(g, x, space, windows).map((slice) => samplesSecond(g, slice))
      : slicesByOffset(g, samplesSecond(g, x), space, windows);
  const columns = g.concat(
    slices.map((slice) => g.reshape(slice, [inputs, 1, length])),
    1,
  );
  const rows = g.reshape(columns, [inputs * slices.length, length]);
  const products = g.gemm(g.reshape(samplesSecond(g, dy), [outputs, length]), rows, { transB: true });
  return g.reshape(products, [outputs, inputs, ...windows.kernel]);
}

const samplesSecond = (g: GraphBuilder, x: Value): Value => g.transpose(x, [1, 0, ...range(x.shape.length).slice(2)]);

/** One product per sample and group, summed over the samples. */
function productsBySample(g: GraphBuilder, x: Value, dy: Value, windows: Windows, groups: number): Value {
  const [batch, outputs, ...space] = dy.shape as [number, number, ...number[]];
  const perGroup = x.shape[1]! / groups;
  const columns = g.reshape(imageColumns(g, x, space, windows), [
    batch,
    groups,
    perGroup * product(windows.kernel),
    product(space),
  ]);
  const gradients = g.reshape(dy, [batch, groups, outputs / groups, product(space)]);
  const products = g.sum(g.matmul(gradients, g.matrixTranspose(columns)), [0]);
  return g.reshape(products, [outputs, perGroup, ...windows.kernel]);
}

/**
 * What each window sees, [N, C·offsets, …]: a depthwise convolution whose kernels are 1 at one offset each, which is
 * im2col by the runtime's own code.
 */
function imageColumns(g: GraphBuilder, x: Value, positions: Shape, windows: Windows): Value {
  const channels = x.shape[1]!;
  const size = product(windows.kernel);
  const identity = range(size * size).map((i) => (i % (size + 1) === 0 ? 1 : 0));
  const oneHot = g.constant(x.dtype as 'float32', [1, size, 1, ...windows.kernel], identity);
  const kernels = g.reshape(g.expand(oneHot, [channels, size, 1, ...windows.kernel]), [
    channels * size,
    1,
    ...windows.kernel,
  ]);
  return slide(g, x, kernels, windows, positions, channels);
}

/** The image as every offset of the kernel sees it, one element per position. */
function slicesByOffset(g: GraphBuilder, x: Value, positions: Shape, windows: Windows): Value[] {
  const { kernel, strides, dilations } = windows;
  const image = croppedImage(g, x, windows);
  return offsets(kernel).map((offset) => {
    const starts = offset.map((at, i) => at * dilations[i]!);
    const ends = starts.map((start, i) => start + (positions[i]! - 1) * strides[i]! + 1);
    const axes = kernel.map((_, i) => i + 2);
    const shape = [...x.shape.slice(0, 2), ...positions];
    const whole = axes.every((axis, i) => starts[i] === 0 && strides[i] === 1 && ends[i] === image.shape[axis]);
    const inputs = [image, g.ints(starts), g.ints(ends), g.ints(axes), g.ints(strides)];
    return whole ? image : g.op('Slice', inputs, {}, { dtype: x.dtype, shape });
  });
}

/** The image with its padding, from the start of the first window to the end of the last. */
export function croppedImage(g: GraphBuilder, x: Value, { before, after }: Windows): Value {
  const around = (lengths: readonly number[]): number[] => [0, 0, ...lengths.map((length) => Math.max(0, length))];
  const padded = g.pad(x, [...around(before), ...around(after)]);
  return after.reduce(
    (image, length, i) => crop(g, image, i + 2, 0, image.shape[i + 2]! + Math.min(0, length)),
    padded,
  );
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
  return [g.reshape(imageColumns(g, dy, positions, windows), c.input(0).shape)];
};

/** @param forms that the execution provider has beside the usual ones */
export const convolutionRules = (forms?: ConvolutionForms): GradientRules => ({
  Conv: conv(forms),
  ConvTranspose: convTranspose(forms),
  Col2Im: columnsToImage,
});
