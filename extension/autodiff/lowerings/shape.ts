/** Operators that move elements: what says how becomes constant inputs, complete and positive. */
import { sizeOf } from '../../onnx/tensor';
import { positiveAxis, range, type Lowering, type LoweringContext, type Lowerings } from './lowering';

/** Reshape, Flatten, Squeeze and Unsqueeze of known sizes are one operator. */
const reshape: Lowering = (c) => {
  const { shape } = c.output();
  // allowzero: a size of zero is a size, not "copy from the input".
  return c.rewritten([c.input(0), c.g.ints(shape)], shape.includes(0) ? { allowzero: 1 } : {}, 'Reshape');
};

const expand: Lowering = (c) => c.rewritten([c.input(0), c.g.ints(c.output().shape)], {});

const tile: Lowering = (c) => {
  const x = c.input(0);
  const { shape } = c.output();
  return c.rewritten([x, c.g.ints(shape.map((size, i) => (x.shape[i] ? size / x.shape[i] : 1)))], {});
};

const split: Lowering = (c) => {
  const axis = positiveAxis(c.int('axis', 0), c.input(0).shape.length);
  return c.rewritten([c.input(0), c.g.ints(splitLengths(c, axis))], { axis });
};

/** As the node lists them, or equal parts of which the last is smaller where the length does not divide. */
function splitLengths(c: LoweringContext, axis: number): readonly number[] {
  const given = c.ints('split') ?? c.integers(1);
  if (given) return given;
  const length = c.input(0).shape[axis]!;
  const count = c.node.outputs.length;
  const part = Math.ceil(length / count);
  return range(count).map((i) => Math.min(part, length - i * part));
}

const slice: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const starts = c.ints('starts') ?? c.integers(1) ?? [];
  const ends = c.ints('ends') ?? c.integers(2) ?? [];
  const axes = c.ints('axes') ?? c.integers(3) ?? range(starts.length);
  const steps = c.integers(4) ?? starts.map(() => 1);
  const positive = axes.map((axis) => positiveAxis(axis, x.shape.length));
  if (steps.some((step, i) => step < 0 && ends[i]! >= largestInt32))
    c.refuse('a slice backwards that ends at the largest number means different things to different runtimes.');
  return c.rewritten(
    [x, g.ints(starts.map(clampToInt32)), g.ints(ends.map(clampToInt32)), g.ints(positive), g.ints(steps)],
    {},
  );
};

const largestInt32 = 2 ** 31 - 1;

/** "To the end" as int64's largest number, which a double does not hold; no axis is that long. */
const clampToInt32 = (end: number): number => Math.max(-(2 ** 31), Math.min(largestInt32, end));

const pad: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const rank = x.shape.length;
  const given = c.ints('pads') ?? c.ints('paddings') ?? c.integers(1) ?? [];
  const axes = c.integers(3)?.map((axis) => positiveAxis(axis, rank)) ?? range(rank);
  const pads = Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i]!;
    pads[axis + rank] = given[i + axes.length]!;
  });
  const mode = c.string('mode', 'constant');
  if (mode === 'wrap') return [wrapped(c, pads)];
  const value = c.optional(2) ?? g.scalar(c.float('value', 0), x.dtype as 'float32');
  return c.rewritten([x, g.ints(pads), mode === 'constant' ? value : undefined], { mode });
};

/** Padding with the opposite side, which is newer than opset 18: copies of the tensor, cut to size. */
function wrapped(c: LoweringContext, pads: readonly number[]) {
  const { g } = c;
  let y = c.input(0);
  const rank = y.shape.length;
  for (const axis of range(rank)) {
    const [before, after, length] = [pads[axis]!, pads[axis + rank]!, y.shape[axis]!];
    if (before === 0 && after === 0) continue;
    const left = Math.max(0, Math.ceil(before / length));
    const right = Math.max(0, Math.ceil(after / length));
    const copies = g.concat(Array<typeof y>(left + 1 + right).fill(y), axis);
    const start = left * length - before;
    y = g.slice(copies, axis, start, start + before + length + after);
  }
  return g.identity(y);
}

/** Adds or removes rows at both ends of the axes; an odd difference leaves the smaller half in front. */
const centerCropPad: Lowering = (c) => {
  const { g } = c;
  let y = c.input(0);
  const rank = y.shape.length;
  const { shape } = c.output();
  for (const axis of range(rank)) {
    const [from, to] = [y.shape[axis]!, shape[axis]!];
    if (to < from) {
      const start = Math.floor((from - to) / 2);
      y = g.slice(y, axis, start, start + to);
    } else if (to > from) {
      const before = Math.floor((to - from) / 2);
      const pads = Array<number>(2 * rank).fill(0);
      pads[axis] = before;
      pads[axis + rank] = to - from - before;
      y = g.pad(y, pads);
    }
  }
  return [g.identity(y)];
};

const depthToSpace: Lowering = (c) =>
  c.rewritten([c.input(0)], { blocksize: c.int('blocksize', 1), mode: c.string('mode', 'DCR') });

const topK: Lowering = (c) => {
  const x = c.input(0);
  const count = c.int('k', c.integers(1)?.[0] ?? 0);
  return c.rewritten([x, c.g.ints([count])], {
    axis: positiveAxis(c.int('axis', -1), x.shape.length),
    largest: c.int('largest', 1),
    sorted: c.int('sorted', 1),
  });
};

/** The deprecated Scatter is ScatterElements. */
const scatter: Lowering = (c) =>
  c.rewritten([c.input(0), c.input(1), c.input(2)], { axis: c.int('axis', 0) }, 'ScatterElements');

const concat: Lowering = (c) => {
  const axis = positiveAxis(c.int('axis', 1), c.output().shape.length);
  const filled = c.node.inputs.map((_, i) => c.input(i)).filter(({ shape }) => sizeOf(shape) > 0);
  return c.rewritten(filled.length > 0 ? filled : [c.input(0)], { axis });
};

export const shapeLowerings: Lowerings = {
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Expand: expand,
  Tile: tile,
  Split: split,
  Slice: slice,
  Pad: pad,
  CenterCropPad: centerCropPad,
  DepthToSpace: depthToSpace,
  TopK: topK,
  Scatter: scatter,
  Concat: concat,
};
