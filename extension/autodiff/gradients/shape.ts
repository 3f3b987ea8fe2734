/** Operators that move elements without computing: the gradient moves back, and sums up where an element was copied. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { Shape } from '../../onnx/tensor';
import { UnsupportedError, type GradientRule, type GradientRules } from '../rule';
import { integers, outputGradient, positiveAxis, product, range, stops, unary, zeros } from './support';

const reshape = unary((g, dy, x) => g.reshape(dy, x.shape));

const transpose = unary((g, dy, x, _, c) => {
  const axes = c.ints('perm', range(x.shape.length).reverse());
  return g.transpose(dy, inversePermutation(axes));
});

const inversePermutation = (axes: readonly number[]): number[] => axes.map((_, axis) => axes.indexOf(axis));

const concat: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const axis = positiveAxis(c.int('axis', 0), dy.shape.length);
  let start = 0;
  return c.node.inputs.map((_, i) => {
    const begin = start;
    start += c.input(i).shape[axis]!;
    return c.wanted(i) ? crop(g, dy, axis, begin, start) : undefined;
  });
};

const split: GradientRule = (c) => {
  const parts = c.node.outputs.flatMap((name, i) => (name ? [c.dy(i) ?? zeros(c.g, c.output(i))] : []));
  if (parts.length < c.node.outputs.length) throw new UnsupportedError(c.node, 'every output has to be named.');
  return [c.g.concat(parts, c.int('axis', 0))];
};

const slice: GradientRule = (c) => {
  const { g } = c;
  const { shape } = c.input(0);
  const starts = integers(c, 1)!;
  const axes = integers(c, 3) ?? range(starts.length);
  const steps = integers(c, 4) ?? starts.map(() => 1);
  const gradient = axes.reduce((dy, negativeAxis, i) => {
    const axis = positiveAxis(negativeAxis, shape.length);
    return scatterSlice(g, dy, axis, shape[axis]!, starts[i]!, steps[i]!);
  }, outputGradient(c));
  return [gradient];
};

/** Puts the elements of `dy` back to `start`, `start + step`, … of an axis of a length, zeros between. */
function scatterSlice(g: GraphBuilder, dy: Value, axis: number, length: number, start: number, step: number): Value {
  const count = dy.shape[axis]!;
  if (count === 0) return zeros(g, { dtype: dy.dtype, shape: dy.shape.with(axis, length) });
  const first = Math.min(Math.max(start < 0 ? start + length : start, 0), length - 1);
  const ordered = step < 0 ? reverse(g, dy, axis) : dy;
  const lowest = step < 0 ? first + step * (count - 1) : first;
  const spread = spreadOut(g, ordered, axis, Math.abs(step));
  const end = lowest + spread.shape[axis]!;
  return padAxis(g, crop(g, spread, axis, 0, spread.shape[axis]! - Math.max(0, end - length)), axis, lowest, length);
}

/** `step - 1` zeros after every element of an axis. */
function spreadOut(g: GraphBuilder, x: Value, axis: number, step: number): Value {
  if (step === 1 || x.shape[axis] === 1) return x;
  const apart = g.reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
  const padded = padAxis(g, apart, axis + 1, 0, step);
  return g.reshape(padded, x.shape.with(axis, x.shape[axis]! * step));
}

/** Zeros around an axis, so that it starts at `start` and is of a length. */
export function padAxis(g: GraphBuilder, x: Value, axis: number, start: number, length: number): Value {
  const rank = x.shape.length;
  const pads = Array<number>(2 * rank).fill(0);
  pads[axis] = start;
  pads[axis + rank] = length - start - x.shape[axis]!;
  return g.pad(x, pads);
}

/** Elements `begin` to `end` (exclusive) of an axis. */
export const crop = (g: GraphBuilder, x: Value, axis: number, begin: number, end: number): Value =>
  begin === 0 && end === x.shape[axis] ? x : g.slice(x, axis, begin, end);

/** An axis back to front. */
export function reverse(g: GraphBuilder, x: Value, axis: number): Value {
  if (x.shape[axis]! <= 1) return x;
  const inputs = [x, g.ints([-1]), g.ints([-(2 ** 31)]), g.ints([axis]), g.ints([-1])];
  return g.op('Slice', inputs, {}, x);
}

const pad: GradientRule = (c) => {
  const { g } = c;
  const { shape } = c.input(0);
  const axes = integers(c, 3)?.map((axis) => positiveAxis(axis, shape.length)) ?? range(shape.length);
  const pads = integers(c, 1)!;
  const mode = c.string('mode', 'constant');
  const dy = outputGradient(c);
  const padded = axes.map((axis, i) => ({ axis, before: pads[i]!, after: pads[i + axes.length]! }));
  const gradient = padded.reduce(
    (sum, { axis, before, after }) => foldPadding(g, sum, axis, shape[axis]!, before, after, mode),
    dy,
  );
  // The constant takes what falls on the padding: everything but what falls on the input.
  const constant = c.hasInput(2) && c.wanted(2) && mode === 'constant';
  return [gradient, undefined, constant ? g.reshape(g.sub(g.sum(dy), g.sum(gradient)), c.input(2).shape) : undefined];
};

/** Adds what a padded axis holds of copies of the elements to the elements themselves. */
function foldPadding(
  g: GraphBuilder,
  dy: Value,
  axis: number,
  length: number,
  before: number,
  after: number,
  mode: string,
): Value {
  if (before === 0 && after === 0) return dy;
  const sources = range(before + length + after).map((position) => paddingSource(position - before, length, mode));
  const parts = runs(sources).map(({ begin, end, step }) => {
    const piece = crop(g, dy, axis, begin, end);
    const folded = step === 0 ? g.sum(piece, [axis], true) : step < 0 ? reverse(g, piece, axis) : piece;
    return padAxis(g, folded, axis, Math.min(sources[begin]!, sources[end - 1]!), length);
  });
  return parts.length === 0
    ? zeros(g, { dtype: dy.dtype, shape: dy.shape.with(axis, length) })
    : parts.reduce((sum, part) => g.add(sum, part));
}

/** The element that a padded position copies; -1 is the constant. */
function paddingSource(position: number, length: number, mode: string): number {
  if (position >= 0 && position < length) return position;
  if (mode === 'edge') return position < 0 ? 0 : length - 1;
  if (mode === 'wrap') return ((position % length) + length) % length;
  if (mode !== 'reflect') return -1;
  const period = Math.max(1, 2 * (length - 1));
  const phase = ((position % period) + period) % period;
  return phase < length ? phase : period - phase;
}

/** The longest stretches of positions whose sources go up by one, go down by one or stay; those without one left out. */
function runs(sources: readonly number[]): { begin: number; end: number; step: number }[] {
  const found: { begin: number; end: number; step: number }[] = [];
  for (const [position, source] of sources.entries()) {
    if (source < 0) continue;
    const last = found.at(-1);
    const step = last && last.end === position ? source - sources[position - 1]! : NaN;
    if (last && (step === last.step || (last.end - last.begin === 1 && Math.abs(step) <= 1))) {
      last.step = step;
      last.end = position + 1;
    } else found.push({ begin: position, end: position + 1, step: 1 });
  }
  return found;
}

const tile = unary((g, dy, x) => {
  const blocks = x.shape.flatMap((size, axis) => [dy.shape[axis]! / Math.max(size, 1), size]);
  if (product(x.shape) === 0) return zeros(g, x);
  return g.sum(
    g.reshape(dy, blocks),
    range(x.shape.length).map((axis) => 2 * axis),
  );
});

const trilu: GradientRule = (c) => {
  const diagonal = c.hasInput(1) ? c.input(1) : undefined;
  const dy = outputGradient(c);
  return [c.g.op('Trilu', [dy, diagonal], { upper: c.int('upper', 1) }, dy)];
};

/** Reversing the same part of each sequence again. */
const reverseSequence: GradientRule = (c) => {
  const dy = outputGradient(c);
  const attributes = { time_axis: c.int('time_axis', 0), batch_axis: c.int('batch_axis', 1) };
  return [c.g.op('ReverseSequence', [dy, c.input(1)], attributes, dy)];
};

/** The inverse of a rearrangement that splits axes, permutes the pieces and joins them again. */
const rearrangement =
  (pieces: (shape: Shape, block: number, mode: string) => { split: number[]; axes: number[] }): GradientRule =>
  (c) => {
    const { g } = c;
    const { shape } = c.input(0);
    const { split: lengths, axes } = pieces(shape, c.int('blocksize', 1), c.string('mode', 'DCR'));
    const dy = g.reshape(
      outputGradient(c),
      axes.map((axis) => lengths[axis]!),
    );
    return [g.reshape(g.transpose(dy, inversePermutation(axes)), shape)];
  };

const depthToSpace = rearrangement(([batch, channels, height, width], block, mode) => {
  const depth = channels! / (block * block);
  return mode === 'DCR'
    ? { split: [batch!, block, block, depth, height!, width!], axes: [0, 3, 4, 1, 5, 2] }
    : { split: [batch!, depth, block, block, height!, width!], axes: [0, 1, 4, 2, 5, 3] };
});

const spaceToDepth = rearrangement(([batch, channels, height, width], block) => ({
  split: [batch!, channels!, height! / block, block, width! / block, block],
  axes: [0, 3, 5, 1, 2, 4],
}));

export const shapeRules: GradientRules = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Expand: unary((g, dy, x) => g.sumTo(dy, x.shape)),
  Tile: tile,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Trilu: trilu,
  ReverseSequence: reverseSequence,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Shape: stops,
  Size: stops,
};
