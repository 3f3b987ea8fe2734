/**
 * How large tensors are: norms, largest elements, elements that are not finite, means and deviations, as vectors with
 * one element per tensor.
 *
 * Each is first computed the cheapest way, in float32 and without a temporary of the tensor's size. That is wrong where
 * a sum of squares leaves the range of float32 (0 below norms of 1e-23, infinite above 1e19: a vanished gradient would
 * look like none) or where a variance is lost against the square of its mean. A branch recomputes those tensors in
 * float64, whose range and precision make all of that harmless, and only when it has to.
 */
import { GraphBuilder, type Value } from '../onnx/builder';
import { emptyGraph } from '../onnx/graph';
import { sizeOf } from '../onnx/tensor';

const largestFloat = 3.4028234663852886e38;

/** Sums of squares within these limits are right to five digits: no square that matters has underflowed. */
const trusted = { above: 1e-28, below: 1e36 };

/** Below this ratio of variance to squared mean, too few digits of a float32 variance are left. */
const smallestVariance = 1e-4;

/** Tensors that share a branch: vanishing strikes neighbours, and a branch has a price of its own. */
const groupSize = 32;

/** float32 vectors with one element per tensor. */
export interface Magnitudes {
  norm: Value;
  maxAbs: Value;
  /** How many elements are NaN or infinite. */
  nonFinite: Value;
}

/** float32 vectors with one element per tensor. */
export interface Moments {
  mean: Value;
  /** Divided by the number of elements, not by one less. */
  std: Value;
}

/** What is asked for. The order within a list is that of the results. */
export interface Subjects {
  activations?: readonly Value[];
  gradients?: readonly Value[];
  weights?: readonly Value[];
}

/** Results are undefined where nothing was asked for. */
export interface Measurements {
  activations?: Moments;
  gradients?: Magnitudes;
  /** Norms. */
  weights?: Value;
}

const reductions = {
  activations: ['ReduceSum', 'ReduceSumSquare'],
  gradients: ['ReduceSumSquare', 'ReduceMax', 'ReduceMin'],
  weights: ['ReduceSumSquare'],
} as const;

/** Measures tensors that the graph already has. */
export function measure(g: GraphBuilder, subjects: Subjects): Measurements {
  const { activations = [], gradients = [], weights = [] } = subjects;
  const tensors = {
    activations: flatten(g, activations),
    gradients: flatten(g, gradients),
    weights: flatten(g, weights),
  };
  if (Object.values(tensors).every((list) => list.length === 0)) return {};
  const reduced = reduceAll(g, subjects, tensors);
  return {
    ...(activations.length > 0 && { activations: moments(g, tensors.activations, reduced.activations) }),
    ...(gradients.length > 0 && { gradients: magnitudes(g, tensors.gradients, reduced.gradients) }),
    ...(weights.length > 0 && { weights: exactNorms(g, tensors.weights, reduced.weights('ReduceSumSquare')) }),
  };
}

/** The elements `from` to `to` (exclusive) of every vector. */
export const part = (
  g: GraphBuilder,
  { norm, maxAbs, nonFinite }: Magnitudes,
  from: number,
  to: number,
): Magnitudes => ({
  norm: g.slice(norm, 0, from, to),
  maxAbs: g.slice(maxAbs, 0, from, to),
  nonFinite: g.slice(nonFinite, 0, from, to),
});

const flatten = (g: GraphBuilder, tensors: readonly Value[]): Value[] =>
  tensors.map((x) => g.reshape(g.cast(x, 'float32'), [sizeOf(x.shape)]));

/** Gives the vector of one reduction over all tensors of a kind. */
type Reduced = (opType: string) => Value;

/**
 * All reductions are operands of one node, in the order in which their tensors are made: the runtime computes operands
 * one after the other, each when it is needed, and so reads a tensor while it is still in the cache.
 */
function reduceAll(
  g: GraphBuilder,
  subjects: Subjects,
  tensors: Readonly<Record<keyof Subjects, readonly Value[]>>,
): Record<keyof Subjects, Reduced> {
  const madeAt = new Map<string, number>();
  g.graph.nodes.forEach(({ inputs, outputs }, i) => {
    // What no node makes, a weight, is in the cache when it is first used.
    for (const name of [...inputs, ...outputs]) if (!madeAt.has(name)) madeAt.set(name, i);
  });
  const wanted = (Object.keys(reductions) as (keyof Subjects)[]).flatMap((kind) =>
    tensors[kind].flatMap((x, i) =>
      reductions[kind].map((opType) => ({ kind, opType, x, at: madeAt.get(subjects[kind]![i]!.name)! })),
    ),
  );
  wanted.sort((a, b) => a.at - b.at);
  const all = g.concat(
    wanted.map(({ x, opType }) => g.reduce(opType, x, [0], true)),
    0,
  );
  const reduced =
    (kind: keyof Subjects): Reduced =>
    (opType) => {
      const places = new Map(
        wanted.flatMap((want, place) =>
          want.kind === kind && want.opType === opType ? [[want.x.name, place] as const] : [],
        ),
      );
      const indices = tensors[kind].map((x) => places.get(x.name)!);
      return g.op('Gather', [all, g.ints(indices)], { axis: 0 }, { dtype: 'float32', shape: [indices.length] });
    };
  return { activations: reduced('activations'), gradients: reduced('gradients'), weights: reduced('weights') };
}

/** The norm of the concatenation of tensors from their norms: a scalar. Scaled by the largest, against overflow. */
export function totalNorm(g: GraphBuilder, each: Value): Value {
  const largest = g.reduce('ReduceMax', each);
  const scaled = g.div(each, g.where(g.greater(largest, 0), largest, 1));
  return g.mul(largest, g.sqrt(g.reduce('ReduceSumSquare', scaled)));
}

/** The norm of every row of a matrix `[rows, elements]`, float32 `[rows]`, however small or large. */
export function rowNorms(g: GraphBuilder, matrix: Value): Value {
  const x = g.cast(matrix, 'float32');
  const squares = g.reduce('ReduceSumSquare', x, [1]);
  const [norms] = branch(
    g,
    all(g, isTrusted(g, squares)),
    (fast) => [fast.sqrt(squares)],
    (slow) => {
      const wide = slow.reduce('ReduceSumSquare', slow.cast(x, 'float64'), [1]);
      return [slow.cast(slow.sqrt(wide), 'float32')];
    },
  );
  return norms!;
}

function magnitudes(g: GraphBuilder, tensors: readonly Value[], reduced: Reduced): Magnitudes {
  const squares = reduced('ReduceSumSquare');
  const maxAbs = g.max(reduced('ReduceMax'), g.neg(reduced('ReduceMin')));
  // A NaN shows in the sum, an infinity in the maximum.
  const finite = g.and(g.equal(squares, squares), g.lessOrEqual(maxAbs, largestFloat));
  const [nonFinite] = branch(
    g,
    all(g, finite),
    (fast) => [fast.identity(fast.constant('float32', [tensors.length], Array<number>(tensors.length).fill(0)))],
    (slow) => {
      const good = tensors.map((x) => slow.cast(slow.lessOrEqual(slow.abs(x), largestFloat), 'float32'));
      const sizes = tensors.map(({ shape }) => sizeOf(shape));
      return [slow.sub(slow.constant('float32', [sizes.length], sizes), reduceEach(slow, 'ReduceSum', good))];
    },
  );
  return { norm: exactNorms(g, tensors, squares, g.equal(maxAbs, 0)), maxAbs, nonFinite: nonFinite! };
}

/** @param zero where given, which tensors are known to be zero: no sum of theirs can be wrong. */
function exactNorms(g: GraphBuilder, tensors: readonly Value[], squares: Value, zero?: Value): Value {
  const right = isTrusted(g, squares);
  const [norm] = inGroups(
    g,
    tensors,
    zero ? g.or(right, zero) : right,
    (fast, from, to) => [fast.sqrt(fast.slice(squares, 0, from, to))],
    (slow, group) => {
      const wide = group.map((x) => slow.cast(x, 'float64'));
      return [slow.cast(slow.sqrt(reduceEach(slow, 'ReduceSumSquare', wide)), 'float32')];
    },
  );
  return norm!;
}

function moments(g: GraphBuilder, tensors: readonly Value[], reduced: Reduced): Moments {
  const spread = (b: GraphBuilder, sums: Value, squares: Value, from = 0) => {
    const sizes = tensors.slice(from, from + sums.shape[0]!).map(({ shape }) => sizeOf(shape));
    const counts = b.constant(sums.dtype as 'float32', sums.shape, sizes);
    const mean = b.div(sums, counts);
    return { mean, variance: b.sub(b.div(squares, counts), b.mul(mean, mean)) };
  };
  const squares = reduced('ReduceSumSquare');
  const quick = spread(g, reduced('ReduceSum'), squares);
  const enough = g.greater(quick.variance, g.mul(g.mul(quick.mean, quick.mean), smallestVariance));
  const [mean, std] = inGroups(
    g,
    tensors,
    g.and(enough, isTrusted(g, squares)),
    (fast, from, to) => [fast.slice(quick.mean, 0, from, to), fast.sqrt(fast.slice(quick.variance, 0, from, to))],
    (slow, group, from) => {
      const wide = group.map((x) => slow.cast(x, 'float64'));
      const exact = spread(slow, reduceEach(slow, 'ReduceSum', wide), reduceEach(slow, 'ReduceSumSquare', wide), from);
      // Rounding may leave a little less than the zero of a constant.
      const variance = slow.where(slow.less(exact.variance, 0), 0, exact.variance);
      return [slow.cast(exact.mean, 'float32'), slow.cast(slow.sqrt(variance), 'float32')];
    },
  );
  return { mean: mean!, std: std! };
}

const reduceEach = (g: GraphBuilder, opType: string, tensors: readonly Value[]): Value =>
  g.concat(
    tensors.map((x) => g.reduce(opType, x, [0], true)),
    0,
  );

const isTrusted = (g: GraphBuilder, squares: Value): Value =>
  g.and(g.greater(squares, trusted.above), g.less(squares, trusted.below));

/**
 * Vectors over all tensors, group by group the fast way where that is right for the whole group, else the slow one.
 * @param right bool, per tensor
 */
function inGroups(
  g: GraphBuilder,
  tensors: readonly Value[],
  right: Value,
  fast: (g: GraphBuilder, from: number, to: number) => Value[],
  slow: (g: GraphBuilder, group: readonly Value[], from: number) => Value[],
): Value[] {
  const groups = Array.from({ length: Math.ceil(tensors.length / groupSize) }, (_, i) => {
    const [from, to] = [i * groupSize, Math.min(tensors.length, (i + 1) * groupSize)];
    return branch(
      g,
      all(g, g.slice(right, 0, from, to)),
      (inner) => fast(inner, from, to),
      (inner) => slow(inner, tensors.slice(from, to), from),
    );
  });
  return groups[0]!.map((_, k) =>
    g.concat(
      groups.map((outputs) => outputs[k]!),
      0,
    ),
  );
}

/** Whether every element is true: a bool scalar. */
const all = (g: GraphBuilder, conditions: Value): Value =>
  g.cast(g.reduce('ReduceMin', g.cast(conditions, 'int32')), 'bool');

/** An If. Both branches see the values around them and give values of the same types. */
function branch(
  g: GraphBuilder,
  condition: Value,
  whenTrue: (g: GraphBuilder) => Value[],
  otherwise: (g: GraphBuilder) => Value[],
): Value[] {
  const [thenGraph, elseGraph] = [whenTrue, otherwise].map((build, i) => {
    const inner = new GraphBuilder({ ...emptyGraph(i === 0 ? 'usual' : 'exact'), opset: g.graph.opset }, g);
    for (const value of build(inner)) inner.output(value);
    return inner.graph;
  });
  const types = thenGraph!.outputs.map(({ name }) => thenGraph!.types.get(name)!);
  return g.ops('If', [condition], { then_branch: thenGraph!, else_branch: elseGraph! }, types);
}
