/**
 * Resize is linear and works axis by axis, so along each axis it is a product with a fixed matrix and its gradient one
 * with the transpose. The weights are those of ONNX Runtime's CPU kernel (the specification's reference, in float32).
 */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { numbers } from '../../onnx/tensor';
import { UnsupportedError, type GradientRule, type GradientRules, type RuleContext } from '../rule';
import { integers, outputGradient, positiveAxis, product, range } from './support';

/** How one axis is resized. */
interface Axis {
  input: number;
  output: number;
  scale: number;
  region: readonly [number, number];
}

/** How much each input element adds to an output element: index and weight. */
type Row = readonly (readonly [number, number])[];

const resize: GradientRule = (c) => {
  const { shape } = c.input(0);
  const gradient = range(shape.length).reduce((dy, axis) => {
    const settings = axisSettings(c, axis);
    const untouched = settings.input === settings.output && settings.scale === 1 && !crops(c);
    return untouched ? dy : transposedProduct(c.g, dy, axis, settings.input, rows(c, settings));
  }, outputGradient(c));
  return [gradient];
};

const crops = (c: RuleContext): boolean =>
  c.string('coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';

function axisSettings(c: RuleContext, axis: number): Axis {
  const rank = c.input(0).shape.length;
  const axes = c.ints('axes', range(rank)).map((each) => positiveAxis(each, rank));
  const at = axes.indexOf(axis);
  const [input, output] = [c.input(0).shape[axis]!, c.output().shape[axis]!];
  if (at < 0) return { input, output, scale: 1, region: [0, 1] };
  const roi = c.hasInput(1) ? floats(c, 1) : [];
  return { input, output, scale: scaleOf(c, at, axes), region: [roi[at] ?? 0, roi[at + axes.length] ?? 1] };
}

function floats(c: RuleContext, i: number): number[] {
  const found = c.constant(i);
  if (!found) throw new UnsupportedError(c.node, `input ${i} ("${c.node.inputs[i]!}") has to be constant.`);
  return numbers(found);
}

function scaleOf(c: RuleContext, at: number, axes: readonly number[]): number {
  const scales = c.hasInput(2) ? floats(c, 2) : [];
  if (scales.length > 0) return scales[at]!;
  const ratios = axes.map((axis, i) => (integers(c, 3) ?? [])[i]! / c.input(0).shape[axis]!);
  switch (c.string('keep_aspect_ratio_policy', 'stretch')) {
    case 'not_larger':
      return Math.fround(Math.min(...ratios));
    case 'not_smaller':
      return Math.fround(Math.max(...ratios));
    default:
      return Math.fround(ratios[at]!);
  }
}

function rows(c: RuleContext, axis: Axis): Row[] {
  const mode = c.string('mode', 'nearest');
  const antialias = c.int('antialias', 0) === 1 && axis.scale < 1;
  const extrapolates = crops(c);
  return range(axis.output).map((position) => {
    const place = Math.fround(originalPlace(c, position, axis));
    if (extrapolates && (place < 0 || place > axis.input - 1)) return [];
    if (mode === 'nearest') return [[clamp(nearest(c, place), axis.input), 1]];
    if (antialias) return antialiased(c, place, axis, mode);
    return mode === 'linear' ? linear(place, axis.input) : cubic(c, place, axis.input);
  });
}

const clamp = (index: number, length: number): number => Math.min(Math.max(index, 0), length - 1);

/** Where an output element lies on the input's axis; rounded as the runtime rounds, which decides ties. */
function originalPlace(c: RuleContext, x: number, { input, output, scale, region: [start, end] }: Axis): number {
  switch (c.string('coordinate_transformation_mode', 'half_pixel')) {
    case 'asymmetric':
      return Math.fround(x / scale);
    case 'pytorch_half_pixel':
      return output > 1 ? Math.fround((x + 0.5) / scale) - 0.5 : 0;
    case 'tf_half_pixel_for_nn':
      return Math.fround((x + 0.5) / scale);
    case 'align_corners':
      return output === 1 ? 0 : Math.fround((x * (input - 1)) / (output - 1));
    case 'half_pixel_symmetric': {
      const adjustment = output / (scale * input);
      return (input / 2) * (1 - adjustment) + Math.fround((x + 0.5) / scale) - 0.5;
    }
    case 'tf_crop_and_resize':
      return output > 1
        ? start * (input - 1) + (x * (end - start) * (input - 1)) / (output - 1)
        : 0.5 * (start + end) * (input - 1);
    default:
      return Math.fround((x + 0.5) / scale) - 0.5;
  }
}

function nearest(c: RuleContext, place: number): number {
  switch (c.string('nearest_mode', 'round_prefer_floor')) {
    case 'floor':
      return Math.floor(place);
    case 'ceil':
      return Math.ceil(place);
    case 'round_prefer_ceil':
      return Math.floor(place + 0.5);
    default:
      return Math.ceil(place - 0.5);
  }
}

function linear(place: number, length: number): Row {
  const inside = Math.min(Math.max(place, 0), length - 1);
  const low = Math.floor(inside);
  const high = Math.min(low + 1, length - 1);
  return [
    [low, 1 - (inside - low)],
    [high, inside - low],
  ];
}

/** Keys, Cubic Convolution Interpolation (1981). */
function cubic(c: RuleContext, place: number, length: number): Row {
  const low = Math.floor(place);
  const a = c.float('cubic_coeff_a', -0.75);
  const taps = [-1, 0, 1, 2].map((step) => [low + step, cubicKernel(place - low - step, a)] as const);
  if (c.int('exclude_outside', 0) === 1) return normalised(taps.filter(([index]) => index >= 0 && index < length));
  return taps.map(([index, weight]) => [clamp(index, length), weight]);
}

function cubicKernel(distance: number, a: number): number {
  const x = Math.abs(distance);
  if (x >= 2) return 0;
  return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

/** The kernel stretched to cover what an output element stands for, as Pillow and PyTorch do. */
function antialiased(c: RuleContext, place: number, { input, scale }: Axis, mode: string): Row {
  const center = place + 0.5;
  const support = (mode === 'linear' ? 1 : 2) / scale;
  const first = Math.floor(center - support + 0.5);
  const end = Math.floor(center + support + 0.5);
  const a = c.float('cubic_coeff_a', -0.75);
  const kernel = (x: number): number => (mode === 'linear' ? Math.max(0, 1 - Math.abs(x)) : cubicKernel(x, a));
  const taps = range(end - first).map((i) => [first + i, kernel((first + i - center + 0.5) * scale)] as const);
  return c.int('exclude_outside', 0) === 1
    ? normalised(taps.filter(([index]) => index >= 0 && index < input))
    : normalised(taps.map(([index, weight]) => [clamp(index, input), weight]));
}

function normalised(row: Row): Row {
  const total = row.reduce((sum, [, weight]) => sum + weight, 0);
  return row.map(([index, weight]) => [index, weight / total]);
}

/** The transposed matrix times one axis of `dy`. */
function transposedProduct(g: GraphBuilder, dy: Value, axis: number, length: number, matrix: readonly Row[]): Value {
  const before = product(dy.shape.slice(0, axis));
  const after = product(dy.shape.slice(axis + 1));
  const shape = dy.shape.with(axis, length);
  const count = matrix.length;
  const times = count / length;
  const repeats = (row: Row, i: number): boolean =>
    row.length === 1 && row[0]![1] === 1 && row[0]![0] === Math.floor(i / times);
  if (Number.isInteger(times) && matrix.every(repeats)) {
    // Every element repeated the same number of times.
    return g.reshape(g.sum(g.reshape(dy, [before, length, times, after]), [2]), shape);
  }
  const entries = Array<number>(length * count).fill(0);
  const lastAxis = after === 1;
  matrix.forEach((row, i) => {
    for (const [index, weight] of row) entries[lastAxis ? i * length + index : index * count + i]! += weight;
  });
  const weights = g.constant(dy.dtype as 'float32', lastAxis ? [count, length] : [length, count], entries);
  const gradient = lastAxis
    ? g.matmul(g.reshape(dy, [before, count]), weights)
    : g.matmul(weights, g.reshape(dy, [before, count, after]));
  return g.reshape(gradient, shape);
}

export const resizeRules: GradientRules = { Resize: resize };
