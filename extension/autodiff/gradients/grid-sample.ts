/**
 * GridSample reads an image at given places, each from a few pixels around it (Jaderberg et al., Spatial Transformer
 * Networks, 2015). The image gets the gradient at those pixels by their weights, the grid by the slopes of the weights.
 */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { UnsupportedError, type GradientRule, type GradientRules, type RuleContext } from '../rule';
import { gatherElements, scatterElements } from './indexing';
import { outputGradient, zeros } from './support';

/** A pixel along one axis, for every sample and place [N, P]: what counts of it, and how that changes with the place. */
interface Tap {
  index: Value;
  weight: Value;
  slope?: Value;
}

interface AxisTaps {
  taps: Tap[];
  length: number;
  /** ∂(place in pixels)/∂(grid coordinate): a number, or a value where the padding turns or stops it. */
  factor: Value | number;
}

const gridSample: GradientRule = (c) => {
  const { g } = c;
  const [x, grid] = [c.input(0), c.input(1)];
  if (x.shape.length !== 4) throw new UnsupportedError(c.node, 'only images of two dimensions are supported.');
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const places = grid.shape[1]! * grid.shape[2]!;
  const axis = (i: number, length: number): AxisTaps =>
    axisTaps(c, g.reshape(g.slice(grid, 3, i, i + 1), [batch, places]), length);
  const [across, down] = [axis(0, width), axis(1, height)];
  const pixels = down.taps.flatMap((row) => across.taps.map((column) => ({ row, column })));
  const perChannel = (value: Value): Value => g.reshape(value, [batch, 1, places]);
  const spread = (index: Value): Value => g.expand(perChannel(index), [batch, channels, places]);
  const indices = pixels.map(({ row, column }) => spread(g.add(g.mul(row.index, width), column.index)));
  const dy = g.reshape(outputGradient(c), [batch, channels, places]);

  const image = (): Value => {
    const parts = pixels.map(({ row, column }) => g.mul(dy, perChannel(g.mul(row.weight, column.weight))));
    const nothing = zeros(g, { dtype: x.dtype, shape: [batch, channels, height * width] });
    return g.reshape(scatterElements(g, nothing, g.concat(indices, 2), g.concat(parts, 2), 2, 'add'), x.shape);
  };
  const coordinates = (): Value | undefined => {
    const flat = g.reshape(x, [batch, channels, height * width]);
    const shares = indices.map((index) => g.sum(g.mul(dy, gatherElements(g, flat, index, 2)), [1]));
    const slopeSum = (products: (Value | undefined)[], factor: Value | number): Value | undefined => {
      const known = products.flatMap((value, i) => (value ? [g.mul(shares[i]!, value)] : []));
      return known.length === 0 ? undefined : g.mul(known.reduce(g.add), factor);
    };
    const dx = slopeSum(
      pixels.map(({ row, column }) => column.slope && g.mul(row.weight, column.slope)),
      across.factor,
    );
    const dyDown = slopeSum(
      pixels.map(({ row, column }) => row.slope && g.mul(row.slope, column.weight)),
      down.factor,
    );
    if (!dx || !dyDown) return undefined;
    const pair = [dx, dyDown].map((value) => g.reshape(value, [...grid.shape.slice(0, 3), 1]));
    return g.concat(pair, 3);
  };
  return [c.wanted(0) ? image() : undefined, c.wanted(1) ? coordinates() : undefined];
};

function axisTaps(c: RuleContext, coordinate: Value, length: number): AxisTaps {
  const { g } = c;
  const aligned = c.int('align_corners', 0) === 1;
  const padding = c.string('padding_mode', 'zeros');
  const mode = c.string('mode', 'bilinear');
  const scale = (aligned ? length - 1 : length) / 2;
  const place = g.add(g.mul(coordinate, scale), (length - 1) / 2);
  if (mode === 'bicubic' || mode === 'cubic') {
    const taps = cubicTaps(g, place).map((tap) => ({
      ...tap,
      index: padded(g, tap.index, length, padding, aligned).place,
    }));
    return { taps: taps.map((tap) => inImage(g, tap, length)), length, factor: scale };
  }
  const { place: inside, direction } = padded(g, place, length, padding, aligned);
  const taps =
    mode === 'nearest' ? [{ index: g.unary('Round', inside), weight: ones(g, inside) }] : linearTaps(g, inside);
  return {
    taps: taps.map((tap) => inImage(g, tap, length)),
    length,
    factor: direction ? g.mul(direction, scale) : scale,
  };
}

const ones = (g: GraphBuilder, like: Value): Value => g.scalar(1, like.dtype as 'float32');

/** Pixels outside the image count for nothing; their index is moved inside, where it does no harm. */
function inImage(g: GraphBuilder, { index, weight, slope }: Tap, length: number): Tap {
  const within = g.and(g.greaterOrEqual(index, 0), g.lessOrEqual(index, length - 1));
  const masked = (value: Value): Value => g.where(within, value, 0);
  const clamped = g.min(g.max(index, 0), length - 1);
  return { index: g.cast(clamped, 'int64'), weight: masked(weight), slope: slope && masked(slope) };
}

/** Where a place outside the image reads instead, and which way that moves as the place does. */
function padded(
  g: GraphBuilder,
  place: Value,
  length: number,
  padding: string,
  aligned: boolean,
): { place: Value; direction?: Value } {
  if (padding === 'zeros') return { place };
  const reflected =
    padding === 'reflection' ? reflect(g, place, length, aligned) : { place, direction: ones(g, place) };
  const inside = g.and(g.greater(reflected.place, 0), g.less(reflected.place, length - 1));
  return {
    place: g.min(g.max(reflected.place, 0), length - 1),
    direction: g.where(inside, reflected.direction, 0),
  };
}

/** Back and forth between the centres of the outermost pixels if aligned, else between their outer edges. */
function reflect(g: GraphBuilder, place: Value, length: number, aligned: boolean): { place: Value; direction: Value } {
  const low = aligned ? 0 : -0.5;
  const span = aligned ? length - 1 : length;
  if (span === 0) return { place: g.mul(place, 0), direction: g.mul(place, 0) };
  const from = g.sub(place, low);
  const distance = g.abs(from);
  const flips = g.unary('Floor', g.div(distance, span));
  const extra = g.sub(distance, g.mul(flips, span));
  const isOdd = g.greater(g.sub(g.mul(flips, 0.5), g.unary('Floor', g.mul(flips, 0.5))), 0.25);
  const sign = g.where(g.less(from, 0), g.scalar(-1, place.dtype as 'float32'), 1);
  return {
    place: g.add(g.where(isOdd, g.sub(span, extra), extra), low),
    direction: g.where(isOdd, g.neg(sign), sign),
  };
}

function linearTaps(g: GraphBuilder, place: Value): Tap[] {
  const low = g.unary('Floor', place);
  const part = g.sub(place, low);
  const one = ones(g, place);
  return [
    { index: low, weight: g.sub(1, part), slope: g.neg(one) },
    { index: g.add(low, 1), weight: part, slope: one },
  ];
}

/** Keys (1981) with a = -0.75, as polynomials of the part t of the place beyond its pixel: c₀ + c₁t + c₂t² + c₃t³. */
function cubicTaps(g: GraphBuilder, place: Value): Tap[] {
  const low = g.unary('Floor', place);
  const t = g.sub(place, low);
  const a = -0.75;
  const polynomials = [
    [0, a, -2 * a, a],
    [1, 0, -(a + 3), a + 2],
    [0, -a, 2 * a + 3, -(a + 2)],
    [0, 0, a, -a],
  ] as const;
  const horner = (coefficients: readonly number[]): Value =>
    coefficients
      .slice(0, -1)
      .reduceRight<Value>(
        (sum, coefficient) => g.add(g.mul(sum, t), coefficient),
        g.scalar(coefficients.at(-1)!, t.dtype as 'float32'),
      );
  return polynomials.map(([c0, c1, c2, c3], i) => ({
    index: g.add(low, i - 1),
    weight: horner([c0, c1, c2, c3]),
    slope: horner([c1, 2 * c2, 3 * c3]),
  }));
}

export const gridSampleRules: GradientRules = { GridSample: gridSample };
