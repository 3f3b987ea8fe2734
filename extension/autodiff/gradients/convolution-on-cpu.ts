/** The gradients of convolutions in the forms that are fastest with ONNX Runtime on CPUs. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { Shape } from '../../onnx/tensor';
import { blocked, blockedConvolution, isBlockable, pays, turnedBlockedWeights, unblocked } from '../blocked-channels';
import { croppedImage, turnedPads, type ConvolutionForms } from './convolution';
import { product, range } from './support';
import { padsOf, type Windows } from './windows';

/** Bytes of a gradient's part that a cache beside the processor holds: it is read again for every channel. */
const cachedBytes = 2 ** 19;
/** Samples that are larger come from memory every time; one product of matrices is faster then. */
const mostBytes = 2 ** 22;
const mostParts = 16;

/** @param block of channels, where the runtime has convolutions for them: see blocked-channels.ts */
export const formsOnCpu =
  (block?: number): ConvolutionForms =>
  (g, dy) => {
    let inBlocks: Value | undefined;
    const gradient: Gradient = { plain: dy, blocked: () => (inBlocks ??= blocked(g, dy)) };
    return {
      imageGradient: (w, windows, image) =>
        (block === undefined ? undefined : blockedImageGradient(g, gradient, w, windows, image, block)) ??
        imageFromColumns(g, dy, w, windows, image),
      weightGradient: (x, windows) =>
        block === undefined ? undefined : blockedWeightGradient(g, x, gradient, windows, block),
    };
  };

/** dy, and dy with channels in blocks, which is made once for both gradients. */
interface Gradient {
  plain: Value;
  blocked: () => Value;
}

/** ∂L/∂image by the turned kernel. */
function blockedImageGradient(
  g: GraphBuilder,
  dy: Gradient,
  w: Value,
  windows: Windows,
  image: Shape,
  block: number,
): Value | undefined {
  const fits = isBlockable(w, block) && w.shape[1]! % block === 0 && pays(dy.plain.shape, windows.kernel);
  const pads = fits ? turnedPads(windows) : undefined;
  const reach = windows.kernel.map((length, i) => (length - 1) * windows.dilations[i]!);
  if (!pads || pads.some((pad, i) => pad > reach[i % reach.length]!)) return undefined;
  const placing = { ...windows, pads };
  const turned = turnedBlockedWeights(g, w, block);
  return unblocked(g, blockedConvolution(g, dy.blocked(), turned, placing, image.slice(2)));
}

/**
 * ∂L/∂image by one product over all samples and positions, [C·offsets, M] by [M, N·positions], whose columns then add up
 * where their windows lie. The runtime packs the right operand, so the weights are the left one. With more weights than gradients this goes through the weights once, as they are.
 */
function imageFromColumns(g: GraphBuilder, dy: Value, w: Value, windows: Windows, image: Shape): Value | undefined {
  const { kernel, strides, dilations } = windows;
  if (dy.dtype !== 'float32' || product(kernel) === 1 || product(w.shape) <= product(dy.shape)) return undefined;
  const [batch, outputs, ...space] = dy.shape as [number, number, ...number[]];
  const [positions, rows] = [product(space), product(w.shape.slice(1))];
  const gradients = g.transpose(g.reshape(dy, [batch, outputs, positions]), [1, 0, 2]);
  const byOutput = g.reshape(gradients, [outputs, batch * positions]);
  const products = g.gemm(g.reshape(w, [outputs, rows]), byOutput, { transA: true });
  const columns = g.transpose(g.reshape(products, [rows, batch, positions]), [1, 0, 2]);
  const attributes = { strides, dilations, pads: padsOf(windows) };
  return g.op('Col2Im', [columns, g.ints(image.slice(2)), g.ints(kernel)], attributes, {
    dtype: dy.dtype,
    shape: image,
  });
}

/**
 * ∂L/∂w as a convolution itself: the image, with samples for its channels, by the output's gradient as the kernel. There
 * are as many positions as the kernel has offsets, and what was a stride is a dilation. With fewer samples than a block
 * the runtime takes an image as it is; so they come in parts, which are added up.
 */
function blockedWeightGradient(
  g: GraphBuilder,
  x: Value,
  { plain: dy, blocked: inBlocks }: Gradient,
  windows: Windows,
  block: number,
): Value | undefined {
  const [batch, outputs, ...space] = dy.shape as [number, number, ...number[]];
  const inputs = x.shape[1]!;
  const { kernel, strides, dilations } = windows;
  if (dy.dtype !== 'float32' || kernel.length !== 2 || outputs % block !== 0 || !pays(dy.shape, kernel))
    return undefined;
  const perSample = 4 * product(space) * Math.min(outputs, 4 * block);
  const length = Math.max(Math.ceil(batch / mostParts), Math.min(block / 2, Math.floor(cachedBytes / perSample)));
  if (perSample > mostBytes || length >= block) return undefined;

  const lengths = range(Math.ceil(batch / length)).map((part) => Math.min(length, batch - part * length));
  const images = g.split(croppedImage(g, x, windows), lengths, 0);
  const gradients = g.split(g.reshape(inBlocks(), [batch, outputs / block, product(space) * block]), lengths, 0);
  const placing = { strides: dilations, dilations: strides, pads: [0, 0, 0, 0] };
  let sum: Value | undefined;
  for (const [part, samples] of lengths.entries()) {
    const image = g.transpose(images[part]!, [1, 0, 2, 3]);
    const weights = g.reshape(g.transpose(gradients[part]!, [1, 0, 2]), [outputs, samples, ...space]);
    sum = blockedConvolution(g, image, weights, placing, kernel, sum);
  }
  // [C, M / block, offsets, block] to [M, C, …].
  const byOutput = g.transpose(g.reshape(sum!, [inputs, outputs / block, product(kernel) * block]), [1, 0, 2]);
  const rows: Shape = [outputs / block, block, inputs * product(kernel), 1];
  return g.reshape(unblocked(g, g.reshape(byOutput, rows)), [outputs, inputs, ...kernel]);
}
