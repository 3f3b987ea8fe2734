/**
 * Operators that pick elements by index, and those that put them there. What was picked twice gets both gradients; the
 * adding is done by ScatterElements, since ScatterND adds duplicates in a race on the CPU.
 */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { UnsupportedError, type GradientRule, type GradientRules, type RuleContext } from '../rule';
import { padAxis } from './shape';
import { outputGradient, perInput, positiveAxis, product, stops, zeros } from './support';

/** `data` with `updates` at `indices` of an axis; of the shape of `data`. */
export const scatterElements = (
  g: GraphBuilder,
  data: Value,
  indices: Value,
  updates: Value,
  axis: number,
  reduction: 'none' | 'add' | 'mul' | 'max' | 'min' = 'none',
): Value =>
  g.op('ScatterElements', [data, indices, updates], reduction === 'none' ? { axis } : { axis, reduction }, data);

/** The elements of `data` at `indices` of an axis; of the shape of `indices`. */
export const gatherElements = (g: GraphBuilder, data: Value, indices: Value, axis: number): Value =>
  g.op('GatherElements', [data, indices], { axis }, { dtype: data.dtype, shape: indices.shape });

const gather: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const axis = positiveAxis(c.int('axis', 0), x.shape.length);
  const dy = outputGradient(c);
  const index = c.constant(1);
  if (index?.data.length === 1) {
    // One element of the axis: what surrounds it is zero.
    const length = x.shape[axis]!;
    const start = (Number(index.data[0]) + length) % length;
    return [padAxis(g, g.reshape(dy, x.shape.with(axis, 1)), axis, start, length)];
  }
  const before = product(x.shape.slice(0, axis));
  const after = product(x.shape.slice(axis + 1));
  const count = product(c.input(1).shape);
  const rows = g.reshape(dy, [before, count, after]);
  const indices = g.expand(g.reshape(c.input(1), [1, count, 1]), rows.shape);
  const nothing = zeros(g, { dtype: x.dtype, shape: [before, x.shape[axis]!, after] });
  return [g.reshape(scatterElements(g, nothing, indices, rows, 1, 'add'), x.shape)];
};

const gatherElementsRule: GradientRule = (c) => {
  const x = c.input(0);
  return [scatterElements(c.g, zeros(c.g, x), c.input(1), outputGradient(c), c.int('axis', 0), 'add')];
};

const gatherND: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const { indices, rows, size } = rowIndices(c, c.int('batch_dims', 0));
  const dy = g.reshape(outputGradient(c), indices.shape);
  const nothing = zeros(g, { dtype: x.dtype, shape: [rows, size] });
  return [g.reshape(scatterElements(g, nothing, indices, dy, 0, 'add'), x.shape)];
};

/**
 * The index tuples of GatherND and ScatterND as numbers of rows of the input reshaped to [rows, size], one for each
 * element that is moved: [tuples, size].
 */
function rowIndices(c: RuleContext, batchDims: number): { indices: Value; rows: number; size: number } {
  const { g } = c;
  const { shape } = c.input(0);
  const tuples = c.input(1);
  const depth = tuples.shape.at(-1)!;
  const lengths = shape.slice(batchDims, batchDims + depth);
  const batches = product(shape.slice(0, batchDims));
  const strides = lengths.map((_, i) => product(lengths.slice(i + 1)));
  const wrapped = g.where(g.less(tuples, 0), g.add(tuples, g.ints(lengths)), tuples);
  const withinBatch = g.sum(g.mul(wrapped, g.ints(strides)), [-1]);
  const count = product(withinBatch.shape);
  const offsets = [...Array(batches).keys()].map((batch) => batch * product(lengths));
  const flat = g.reshape(withinBatch, [batches, batches === 0 ? 0 : count / batches]);
  const numbered = batches === 1 ? flat : g.add(flat, g.constant('int64', [batches, 1], offsets));
  const size = product(shape.slice(batchDims + depth));
  const indices = g.expand(g.reshape(numbered, [count, 1]), [count, size]);
  return { indices, rows: batches * product(lengths), size };
}

interface Scatter {
  data: Value;
  indices: Value;
  updates: Value;
  y: Value;
  dy: Value;
  axis: number;
}

const scatterElementsRule: GradientRule = (c) =>
  throughScatter(c, {
    data: c.input(0),
    indices: c.input(1),
    updates: c.input(2),
    y: c.output(),
    dy: outputGradient(c),
    axis: c.int('axis', 0),
  });

const scatterND: GradientRule = (c) => {
  const { g } = c;
  const { indices, rows, size } = rowIndices(c, 0);
  const asRows = (value: Value): Value => g.reshape(value, [rows, size]);
  const gradients = throughScatter(c, {
    data: asRows(c.input(0)),
    indices,
    updates: g.reshape(c.input(2), indices.shape),
    y: asRows(c.output()),
    dy: asRows(outputGradient(c)),
    axis: 0,
  });
  return gradients.map((gradient, i) => gradient && g.reshape(gradient, c.input(i).shape));
};

function throughScatter(c: RuleContext, scatter: Scatter): (Value | undefined)[] {
  const gradients = scatterGradients(c, scatter);
  return [c.wanted(0) ? gradients.data() : undefined, undefined, c.wanted(2) ? gradients.updates() : undefined];
}

function scatterGradients(c: RuleContext, scatter: Scatter): { data: () => Value; updates: () => Value } {
  const { g } = c;
  const { indices, updates, dy, axis } = scatter;
  const picked = (value: Value): Value => gatherElements(g, value, indices, axis);
  switch (c.string('reduction', 'none')) {
    case 'none':
      return { data: () => scatterElements(g, dy, indices, zeros(g, updates), axis), updates: () => picked(dy) };
    case 'add':
      return { data: () => dy, updates: () => picked(dy) };
    case 'mul':
      return scatteredProduct(g, scatter);
    case 'max':
    case 'min':
      return scatteredExtremum(g, scatter);
    default:
      throw new UnsupportedError(c.node, `the reduction "${c.string('reduction', 'none')}" is unknown.`);
  }
}

/** Each factor's derivative is the product of the others: of those not zero, unless one of the others is. */
function scatteredProduct(g: GraphBuilder, { data, indices, updates, dy, axis }: Scatter) {
  const isZero = (value: Value): Value => g.equal(value, 0);
  const nonZero = (value: Value): Value => g.where(isZero(value), 1, value);
  const count = (value: Value): Value => g.cast(isZero(value), dy.dtype);
  const products = scatterElements(g, nonZero(data), indices, nonZero(updates), axis, 'mul');
  const zeroCounts = scatterElements(g, count(data), indices, count(updates), axis, 'add');
  const others = (factor: Value, ofAll: Value, zerosOfAll: Value, gradient: Value): Value =>
    g.where(isZero(g.sub(zerosOfAll, count(factor))), g.mul(gradient, g.div(ofAll, nonZero(factor))), 0);
  const picked = (value: Value): Value => gatherElements(g, value, indices, axis);
  return {
    data: () => others(data, products, zeroCounts, dy),
    updates: () => others(updates, picked(products), picked(zeroCounts), picked(dy)),
  };
}

/** All that share the extremum share the gradient, as in PyTorch's scatter_reduce. */
function scatteredExtremum(g: GraphBuilder, { data, indices, updates, y, dy, axis }: Scatter) {
  const picked = (value: Value): Value => gatherElements(g, value, indices, axis);
  const kept = g.equal(data, y);
  const chosen = g.equal(updates, picked(y));
  const count = scatterElements(g, g.cast(kept, dy.dtype), indices, g.cast(chosen, dy.dtype), axis, 'add');
  const share = g.div(dy, count);
  return {
    data: () => g.where(kept, share, 0),
    updates: () => g.where(chosen, picked(share), 0),
  };
}

/** The node names the positions itself; the largest, and the smallest too, are picked once each. */
const topK: GradientRule = (c) => {
  const dy = outputGradient(c);
  const indices = c.addOutput(1, { dtype: 'int64', shape: dy.shape });
  return [scatterElements(c.g, zeros(c.g, c.input(0)), indices, dy, c.int('axis', -1))];
};

/** Indices count the elements of the whole output, as those of MaxPool count its input. */
const maxUnpool: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const indices = g.reshape(c.input(1), [product(c.input(1).shape)]);
  const picked = gatherElements(g, g.reshape(dy, [product(dy.shape)]), indices, 0);
  return perInput(c, () => g.reshape(picked, c.input(0).shape));
};

/** To the two values (off, on), the sums over where each of them stands. */
const oneHot: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const mask = g.constant(dy.dtype as 'float32', [2], [0, 1]);
  const on = g.mul(dy, g.op('OneHot', [c.input(0), c.input(1), mask], { axis: c.int('axis', -1) }, dy));
  const sums = [g.sub(g.sum(dy), g.sum(on)), g.sum(on)].map((sum) => g.reshape(sum, [1]));
  return [undefined, undefined, g.concat(sums, 0)];
};

export const indexingRules: GradientRules = {
  Gather: gather,
  GatherElements: gatherElementsRule,
  GatherND: gatherND,
  ScatterElements: scatterElementsRule,
  ScatterND: scatterND,
  OneHot: oneHot,
  TopK: topK,
  MaxUnpool: maxUnpool,
  NonZero: stops,
};
