/** Dai et al., Deformable Convolutional Networks (2017): a convolution whose kernel samples the image where it is told. */
import type { Value } from '../../onnx/builder';
import { range, type Lowering, type LoweringContext, type Lowerings } from './lowering';

/** The image sampled at every offset of the kernel (and weighted by the mask), times the weights. */
const deformableConvolution: Lowering = (c) => {
  const { g } = c;
  const [x, w, offset] = [c.input(0), c.input(1), c.input(2)];
  if (x.shape.length !== 4) c.refuse('only images of two dimensions are supported.');
  const [batch, channels] = x.shape as [number, number];
  const { shape } = c.output();
  const [outputs, size] = [w.shape[0]!, w.shape[2]! * w.shape[3]!];
  const positions = shape[2]! * shape[3]!;
  const groups = c.int('group', 1);
  const offsetGroups = c.int('offset_group', 1);

  const images = g.reshape(x, [batch * offsetGroups, channels / offsetGroups, x.shape[2]!, x.shape[3]!]);
  const grid = samplingGrid(c, g.reshape(offset, [batch * offsetGroups, size, 2, positions]));
  const type = { dtype: x.dtype, shape: [batch * offsetGroups, channels / offsetGroups, size, positions] };
  const attributes = { mode: 'bilinear', padding_mode: 'zeros', align_corners: 0 };
  const sampled = g.op('GridSample', [images, grid], attributes, type);
  const mask = c.optional(4);
  const masked = mask ? g.mul(sampled, g.reshape(mask, [batch * offsetGroups, 1, size, positions])) : sampled;

  const columns = g.reshape(masked, [batch, groups, (channels / groups) * size, positions]);
  const weights = g.reshape(w, [groups, outputs / groups, (channels / groups) * size]);
  const product = g.reshape(g.matmul(weights, columns), shape);
  const bias = c.optional(3);
  return [bias ? g.add(product, g.reshape(bias, [outputs, 1, 1])) : product];
};

/** [N, offsets of the kernel, positions, (x, y)] in the coordinates of GridSample, from offsets in pixels (y, x). */
function samplingGrid(c: LoweringContext, offset: Value): Value {
  const { g } = c;
  const [batch, size, , positions] = offset.shape as [number, number, number, number];
  const kernel = c.input(1).shape.slice(2);
  const along = (axis: 0 | 1): Value => {
    const start = g.constant(offset.dtype as 'float32', [size, positions], regularPlaces(c, axis, kernel));
    const place = g.add(g.reshape(g.slice(offset, 2, axis, axis + 1), [batch, size, positions]), start);
    const length = c.input(0).shape[axis + 2]!;
    return g.reshape(g.sub(g.div(g.add(g.mul(place, 2), 1), length), 1), [batch, size, positions, 1]);
  };
  return g.concat([along(1), along(0)], 3);
}

/** Where an ordinary convolution would look along an axis, in pixels. */
function regularPlaces(c: LoweringContext, axis: 0 | 1, kernel: readonly number[]): number[] {
  const [, , height, width] = c.output().shape as [number, number, number, number];
  const [stride, dilation] = [(c.ints('strides') ?? [1, 1])[axis]!, (c.ints('dilations') ?? [1, 1])[axis]!];
  const pad = (c.ints('pads') ?? [0, 0, 0, 0])[axis]!;
  return range(kernel[0]! * kernel[1]!).flatMap((tap) =>
    range(height * width).map((position) => {
      const [at, of] =
        axis === 0
          ? [Math.floor(position / width), Math.floor(tap / kernel[1]!)]
          : [position % width, tap % kernel[1]!];
      return at * stride - pad + of * dilation;
    }),
  );
}

export const deformableConvolutionLowerings: Lowerings = { DeformConv: deformableConvolution };
