/** Resizing and sampling of images: every version in the terms of opset 18. */
import { float, type Value } from '../../onnx/builder';
import { numbers, type Shape } from '../../onnx/tensor';
import { positiveAxis, range, type Lowering, type LoweringContext, type Lowerings } from './lowering';

/** Up to opset 10, positions were multiplied by the scale alone, and "nearest" took the lower neighbour. */
const upsample: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const stated = c.node.attributes['scales']?.value as readonly number[] | undefined;
  const given = stated ?? c.constant(1) ?? c.refuse('the scales (input 1) have to be constant.');
  const scales = 'data' in given ? numbers(given) : given;
  const mode = c.string('mode', 'nearest');
  const attributes = (list: readonly number[]) => ({
    mode,
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: list.every((scale) => scale >= 1) ? 'floor' : 'ceil',
  });
  const input = (list: readonly number[]): Value => g.constant('float32', [list.length], list);
  const isMixed = scales.some((scale) => scale > 1) && scales.some((scale) => scale < 1);
  if (mode !== 'nearest' || !isMixed) return c.rewritten([x, undefined, input(scales)], attributes(scales), 'Resize');
  // Axes that grow take the lower neighbour, axes that shrink the upper one.
  const [growing, shrinking] = [scales.map((scale) => Math.max(1, scale)), scales.map((scale) => Math.min(1, scale))];
  const shape = x.shape.map((size, axis) => (growing[axis]! > 1 ? c.output().shape[axis]! : size));
  const grown = g.op('Resize', [x, undefined, input(growing)], attributes(growing), { dtype: x.dtype, shape });
  return c.rewritten([grown, undefined, input(shrinking)], attributes(shrinking), 'Resize');
};

const resize: Lowering = (c) => {
  if (c.opset < 11) return upsample(c);
  const { g } = c;
  const x = c.input(0);
  const rank = x.shape.length;
  const mode = c.string('coordinate_transformation_mode', 'half_pixel');
  const axes = (c.ints('axes') ?? range(rank)).map((axis) => positiveAxis(axis, rank));
  const { scales, sizes, policy } = extent(c, axes, x.shape, c.output().shape);
  const roi = mode === 'tf_crop_and_resize' ? regionOfInterest(c, axes, rank) : undefined;
  if (roi && policy) c.refuse('a region of interest with a kept aspect ratio is not supported.');
  const roiInput = roi && g.constant('float32', [roi.length], roi);
  const scaleInput = scales && g.constant('float32', [rank], scales);
  const attributes = {
    mode: c.string('mode', 'nearest'),
    coordinate_transformation_mode: mode,
    nearest_mode: c.string('nearest_mode', 'round_prefer_floor'),
    cubic_coeff_a: float(c.float('cubic_coeff_a', -0.75)),
    exclude_outside: c.int('exclude_outside', 0),
    extrapolation_value: float(c.float('extrapolation_value', 0)),
    antialias: c.int('antialias', 0),
    ...(policy && { axes, keep_aspect_ratio_policy: policy }),
  };
  return c.rewritten([x, roiInput, scaleInput, sizes && g.ints(sizes)], attributes);
};

/** Scales or sizes of every axis, of which the node may list some; where the aspect ratio is kept, the sizes it lists. */
function extent(
  c: LoweringContext,
  axes: readonly number[],
  before: Shape,
  after: Shape,
): { scales?: number[]; sizes?: readonly number[]; policy?: string } {
  const given = c.constant(2);
  if (given && given.shape[0] !== 0) {
    const listed = numbers(given);
    return { scales: before.map((_, axis) => listed[axes.indexOf(axis)] ?? 1) };
  }
  const sizes = c.integers(3);
  if (!sizes) c.refuse('neither scales nor sizes are constant.');
  const policy = c.string('keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch') return { sizes: after };
  const ratios = axes.map((axis, i) => sizes[i]! / before[axis]!);
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  if (axes.some((axis) => Math.floor(Math.fround(Math.fround(scale) * before[axis]!) + 0.5) !== after[axis]))
    c.refuse('the sizes that keep its aspect ratio are rounded differently by different runtimes.');
  return { sizes, policy };
}

function regionOfInterest(c: LoweringContext, axes: readonly number[], rank: number): number[] {
  const given = c.constant(1) ?? c.refuse('the region of interest (input 1) has to be constant.');
  const listed = numbers(given);
  const roi = [...Array<number>(rank).fill(0), ...Array<number>(rank).fill(1)];
  axes.forEach((axis, i) => {
    roi[axis] = listed[i]!;
    roi[axis + rank] = listed[i + axes.length]!;
  });
  return roi;
}

/** Opset 20 renamed the modes and added a third dimension. */
const gridSample: Lowering = (c) => {
  if (c.input(0).shape.length !== 4) c.refuse('only images (four dimensions) can be sampled.');
  const mode = c.string('mode', 'bilinear');
  return c.rewritten([c.input(0), c.input(1)], {
    mode: { linear: 'bilinear', cubic: 'bicubic' }[mode] ?? mode,
    padding_mode: c.string('padding_mode', 'zeros'),
    align_corners: c.int('align_corners', 0),
  });
};

/** Jaderberg et al., Spatial Transformer Networks (2015): each point of a regular grid through an affine map. */
const affineGrid: Lowering = (c) => {
  const { g } = c;
  const theta = c.input(0);
  const { dtype, shape } = c.output();
  const space = shape.slice(1, -1);
  const corners = c.int('align_corners', 0) === 1;
  const coordinates = space.map((length) =>
    range(length).map((i) => (corners ? (length === 1 ? -1 : (2 * i) / (length - 1) - 1) : (2 * i + 1) / length - 1)),
  );
  const count = space.reduce((size, length) => size * length, 1);
  const points = range(count).flatMap((index) => {
    const point: number[] = [];
    for (let axis = space.length - 1, rest = index; axis >= 0; axis--) {
      point.push(coordinates[axis]![rest % space[axis]!]!);
      rest = Math.floor(rest / space[axis]!);
    }
    return [...point, 1];
  });
  const grid = g.constant(dtype as 'float32', [count, space.length + 1], points);
  return [g.reshape(g.matmul(grid, g.matrixTranspose(theta)), shape)];
};

/** Dilations came with opset 19; before, they are a convolution with ones over the number of elements. */
const averagePool: Lowering = (c) => {
  if (!c.ints('dilations')?.some((dilation) => dilation !== 1))
    return c.rewritten([c.input(0)], c.attributesWithout('dilations'));
  if (c.string('auto_pad', 'NOTSET') !== 'NOTSET') c.refuse('dilations together with auto_pad are not supported.');
  const { g } = c;
  const x = c.input(0);
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const kernel = c.ints('kernel_shape')!;
  const ones = g.expand(g.scalar(1, x.dtype as 'float32'), [1, 1, ...kernel]);
  const images = g.reshape(x, [batch * channels, 1, ...space]);
  const sums = dilatedSums(c, images, ones, 0);
  const counts = dilatedSums(
    c,
    g.expand(g.scalar(1, x.dtype as 'float32'), [1, 1, ...space]),
    ones,
    c.int('count_include_pad', 0),
  );
  return [g.reshape(g.div(sums, counts), c.output().shape)];
};

/** The sum over every window, where the padding holds `padding` and what ceil_mode adds beyond it holds 0. */
function dilatedSums(c: LoweringContext, images: Value, ones: Value, padding: number): Value {
  const { g } = c;
  const space = images.shape.slice(2);
  const kernel = ones.shape.slice(2);
  const dilations = c.ints('dilations')!;
  const strides = c.ints('strides') ?? kernel.map(() => 1);
  const pads = c.ints('pads') ?? [...kernel, ...kernel].fill(0);
  const [before, after] = [pads.slice(0, kernel.length), pads.slice(kernel.length)];
  const padded = g.pad(images, [0, 0, ...before, 0, 0, ...after], padding);
  const positions = c.output().shape.slice(2);
  const missing = positions.map((count, i) => {
    const covered = (count - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1;
    return Math.max(0, covered - space[i]! - before[i]! - after[i]!);
  });
  const attributes = { kernel_shape: kernel, strides, dilations, pads: [...missing.map(() => 0), ...missing] };
  return g.op('Conv', [padded, ones], attributes, { dtype: images.dtype, shape: [images.shape[0]!, 1, ...positions] });
}

export const resamplingLowerings: Lowerings = {
  Upsample: upsample,
  Resize: resize,
  GridSample: gridSample,
  AffineGrid: affineGrid,
  AveragePool: averagePool,
};
