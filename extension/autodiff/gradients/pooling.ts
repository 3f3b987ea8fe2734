/** Pooling: the gradient goes to the winner of a window, or is shared among its elements. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { Shape } from '../../onnx/tensor';
import { UnsupportedError, type GradientRule, type GradientRules, type RuleContext } from '../rule';
import { spreadWindows } from './convolution';
import { scatterElements } from './indexing';
import { outputGradient, product, range, unary, zeros } from './support';
import { offsets, windowsOf, type Windows } from './windows';

/** To the first of the largest elements of each window, which the node itself can name. */
const maxPool: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const dy = outputGradient(c);
  const indices = rowMajor(c, c.addOutput(1, { dtype: 'int64', shape: dy.shape }));
  // Positions count the elements of the whole input; windows that overlap may name one twice.
  const flat = zeros(g, { dtype: x.dtype, shape: [product(x.shape)] });
  const length = [product(dy.shape)];
  const gradient = scatterElements(g, flat, g.reshape(indices, length), g.reshape(dy, length), 0, 'add');
  return [g.reshape(gradient, x.shape)];
};

/**
 * The same, for providers whose MaxPool names no indices: each offset of the window in turn takes the maximum where
 * it is, unless an earlier one has.
 */
export const maxPoolByComparison: GradientRule = (c) => {
  const { g } = c;
  const [x, y, dy] = [c.input(0), c.output(), outputGradient(c)];
  const [image, positions] = [x.shape.slice(2), y.shape.slice(2)];
  const windows = windowsOf(c, c.ints('kernel_shape', []), image, positions);
  const images = x.shape[0]! * x.shape[1]!;
  const maxima = g.reshape(y, [images, 1, ...positions]);
  let free = g.expand(g.scalar(1, x.dtype as 'float32'), maxima.shape);
  const winners = windowViews(g, g.reshape(x, [images, 1, ...image]), windows, positions).map((view) => {
    const wins = g.where(g.equal(view, maxima), free, 0);
    free = g.sub(free, wins);
    return wins;
  });
  const size = winners.length;
  const shares = g.mul(g.concat(winners, 1), g.reshape(dy, maxima.shape));
  const oneHot = offsets(windows.kernel).flatMap((_, i) => range(size).map((at) => Number(at === i)));
  const kernels = g.constant(x.dtype as 'float32', [size, 1, ...windows.kernel], oneHot);
  return [g.reshape(spreadWindows(g, shares, kernels, windows, [images, 1, ...image], 1), x.shape)];
};

/** What each offset of the window sees of an image at every position; beyond the image, less than any number. */
function windowViews(
  g: GraphBuilder,
  x: Value,
  { kernel, strides, dilations, before, after }: Windows,
  positions: Shape,
): Value[] {
  const around = (length: number): number => Math.max(0, length);
  const pads = [0, 0, ...before, 0, 0, ...after.map(around)];
  const image = x.shape.slice(2);
  const shape = [...x.shape.slice(0, 2), ...image.map((size, i) => size + before[i]! + around(after[i]!))];
  const lowest = g.scalar(-3.4028234663852886e38, x.dtype as 'float32');
  const padded = pads.some((pad) => pad > 0)
    ? g.op('Pad', [x, g.ints(pads), lowest], { mode: 'constant' }, { dtype: x.dtype, shape })
    : x;
  const axes = range(kernel.length);
  return offsets(kernel).map((offset) => {
    const starts = axes.map((i) => offset[i]! * dilations[i]!);
    const ends = axes.map((i) => starts[i]! + (positions[i]! - 1) * strides[i]! + 1);
    return g.op(
      'Slice',
      [padded, g.ints(starts), g.ints(ends), g.ints(axes.map((i) => i + 2)), g.ints(strides)],
      {},
      { dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...positions] },
    );
  });
}

/** A node that names its indices by columns (storage_order 1) counts down each image first. */
function rowMajor(c: RuleContext, indices: Value): Value {
  if (c.int('storage_order', 0) === 0) return indices;
  const { g } = c;
  const [, , height, width, ...more] = c.input(0).shape;
  if (width === undefined) return indices;
  if (more.length > 0)
    throw new UnsupportedError(c.node, 'storage_order 1 is supported for images of two dimensions only.');
  const within = g.op('Mod', [indices, g.scalar(height! * width, 'int64')], {}, indices);
  const row = g.op('Mod', [within, g.scalar(height!, 'int64')], {}, indices);
  const column = g.div(within, height!);
  return g.add(g.add(g.sub(indices, within), g.mul(row, width)), column);
}

const averagePool: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const dy = outputGradient(c);
  const [image, positions] = [x.shape.slice(2), dy.shape.slice(2)];
  const windows = windowsOf(c, c.ints('kernel_shape', []), image, positions);
  const counts = elementCounts(windows, image, positions, c.int('count_include_pad', 0) === 1, c.ints('pads', []));
  const share = g.div(dy, g.constant(dy.dtype as 'float32', [1, 1, ...positions], counts));
  return [sumOverWindows(g, share, windows, x.shape)];
};

/** By how many elements each window divides. Padding counts if asked, what ceil_mode adds beyond it never. */
function elementCounts(
  { kernel, strides, dilations, before, after }: Windows,
  image: Shape,
  positions: Shape,
  withPadding: boolean,
  pads: readonly number[],
): number[] {
  const perAxis = positions.map((count, i) => {
    const end = image[i]! + (withPadding ? (pads[i + image.length] ?? Math.max(0, after[i]!)) : 0);
    const start = withPadding ? -before[i]! : 0;
    return range(count).map(
      (position) =>
        range(kernel[i]!)
          .map((at) => position * strides[i]! - before[i]! + at * dilations[i]!)
          .filter((place) => place >= start && place < end).length,
    );
  });
  return offsets(positions).map((position) => product(position.map((at, i) => perAxis[i]![at]!)));
}

/** Every channel by itself: to each element of the image, the sum of the values of the windows that hold it. */
function sumOverWindows(g: GraphBuilder, values: Value, windows: Windows, shape: Shape): Value {
  const images = shape[0]! * shape[1]!;
  const ones = g.constant(
    values.dtype as 'float32',
    [1, 1, ...windows.kernel],
    Array<number>(product(windows.kernel)).fill(1),
  );
  const separate = g.reshape(values, [images, 1, ...values.shape.slice(2)]);
  return g.reshape(spreadWindows(g, separate, ones, windows, [images, 1, ...shape.slice(2)], 1), shape);
}

/** (Σ|x|^p)^(1/p) over each window: sign(x)·|x|^(p-1) times what its windows share, dy·y^(1-p). */
const lpPool: GradientRule = (c) => {
  const { g } = c;
  const [x, y] = [c.input(0), c.output()];
  const windows = windowsOf(c, c.ints('kernel_shape', []), x.shape.slice(2), y.shape.slice(2));
  const p = c.int('p', 2);
  return [g.mul(lpSlope(g, x, p), sumOverWindows(g, lpShare(g, outputGradient(c), y, p), windows, x.shape))];
};

const globalLpPool = unary((g, dy, x, y, c) => {
  const p = c.int('p', 2);
  return g.mul(lpSlope(g, x, p), lpShare(g, dy, y, p));
});

/** Nothing where the whole window is zero, as in PyTorch's norm. */
const lpShare = (g: GraphBuilder, dy: Value, y: Value, p: number): Value =>
  p === 1 ? dy : g.where(g.equal(y, 0), 0, g.mul(dy, g.pow(y, 1 - p)));

function lpSlope(g: GraphBuilder, x: Value, p: number): Value {
  if (p === 2) return x;
  const sign = g.unary('Sign', x);
  return p === 1 ? sign : g.mul(sign, g.pow(g.abs(x), p - 1));
}

const globalAveragePool = unary((g, dy, x) => g.expand(g.div(dy, product(x.shape.slice(2))), x.shape));

/** To the first of the largest elements of each channel. */
const globalMaxPool = unary((g, dy, x) => {
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const size = product(space);
  const flat = g.reshape(x, [batch, channels, size]);
  const kept = [batch, channels, 1];
  const winner = g.op('ArgMax', [flat], { axis: 2, keepdims: 1 }, { dtype: 'int64', shape: kept });
  const isWinner = g.equal(g.constant('int64', [size], range(size)), winner);
  return g.reshape(g.where(isWinner, g.reshape(dy, kept), 0), x.shape);
});

export const poolingRules: GradientRules = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalLpPool: globalLpPool,
  GlobalAveragePool: globalAveragePool,
  GlobalMaxPool: globalMaxPool,
};
