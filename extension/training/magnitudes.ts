/**
 * How large tensors are: norms, largest elements, elements that are not finite, means and deviations.
 *
 * The graph computes sums and extremes, in float32 and without a temporary of the tensor's size; `readMoments` and its
 * like make the rest of them. That is wrong where a sum of squares leaves the range of float32 (0 below norms of 1e-23,
 * infinite above 1e19: a vanished gradient would look like none) or where a variance is lost against the square of its
 * mean. A branch, entered only where something is wrong, scales tensors before it squares them, and takes variances in
 * float64.
 *
 * Every node costs about a microsecond, whatever it does, and a step has hundreds of tensors: hence as few nodes as
 * possible.
 */
import { GraphBuilder, type Value } from '../onnx/builder';
import { emptyGraph } from '../onnx/graph';
import { sizeOf } from '../onnx/tensor';

const largestFloat = 3.4028234663852886e38;

/** Sums of squares within these limits are right to five digits: no square that matters has underflowed. */
const trusted = { above: 1e-28, below: 1e36 };

/** Below this ratio of variance to squared mean, too few digits of a float32 variance are left. */
const smallestVariance = 1e-4;

/**
 * Tensors of together so many elements are measured at a time. Gradients wait for their branch, and their memory with
 * them; activations wait for the backward pass anyway.
 */
const elementsAtOnce = { forward: 2 ** 23, backward: 2 ** 19 };

/** Operands of one Concat. It is cheap while they are in the cache, and many tensors later they are not. */
const operandsAtOnce = 24;

/** What is asked for. The order within a list is that of the results. */
export interface Subjects {
  activations?: readonly Value[];
  gradients?: readonly Value[];
  weights?: readonly Value[];
  /** Single numbers, computed elsewhere, that are best computed with the rest. */
  numbers?: readonly Value[];
  /** By name: what is in the cache when a value is best measured, where that is not the value itself. */
  beside?: ReadonlyMap<string, Value>;
}

type Kind = Exclude<keyof Subjects, 'beside'>;

/** Where in the vector of measurements the numbers of a tensor are. */
interface Place {
  /** The first of them. */
  at: number;
  /** The same, as the branch has made it: norms and moments. */
  checked: number;
  /** 1 where the numbers at `at` are right. */
  right: number;
}

export interface Measurements extends Readonly<Record<Kind, readonly Place[]>> {
  /** float32; undefined where nothing was asked for. */
  vector: Value | undefined;
}

const reductions = {
  activations: ['ReduceSum', 'ReduceSumSquare'],
  gradients: ['ReduceSumSquare', 'ReduceMax', 'ReduceMin'],
  weights: ['ReduceSumSquare'],
  numbers: ['Identity'],
} as const;

const kinds = Object.keys(reductions) as Kind[];

/** @param row has the vector of measurements from `offset` on. @param size of the tensor */
export function readMoments(
  row: Float32Array,
  offset: number,
  { at, checked, right }: Place,
  size: number,
): { mean: number; std: number } {
  if (row[offset + right] !== 1) return { mean: row[offset + checked]!, std: row[offset + checked + 1]! };
  const mean = row[offset + at]! / size;
  return { mean, std: Math.sqrt(row[offset + at + 1]! / size - mean * mean) };
}

/** @returns `nonFinite`: how many elements are NaN or infinite */
export function readMagnitudes(
  row: Float32Array,
  offset: number,
  { at, checked, right }: Place,
): { norm: number; maxAbs: number; nonFinite: number } {
  return {
    norm: row[offset + checked]!,
    maxAbs: Math.max(row[offset + at + 1]!, -row[offset + at + 2]!),
    nonFinite: row[offset + right] === 1 ? 0 : row[offset + checked + 1]!,
  };
}

export const readNorm = (row: Float32Array, offset: number, { checked }: Place): number => row[offset + checked]!;

export const readNumber = (row: Float32Array, offset: number, { at }: Place): number => row[offset + at]!;

/** Norms within the graph: one vector. @param places of gradients or weights */
export const norms = (g: GraphBuilder, { vector }: Measurements, places: readonly Place[]): Value =>
  take(
    g,
    vector!,
    places.map(({ checked }) => checked),
  );

interface Subject {
  kind: Kind;
  /** In the list of its kind. */
  index: number;
  x: Value;
  /** When it is best measured: a position in the list of nodes. */
  at: number;
}

/**
 * Measures tensors that the graph already has.
 *
 * Neighbours are measured together. The runtime computes the inputs of a node one after the other, that of the last
 * added node first, and each with all that it needs: so what is to be measured last is added first, and every tensor is
 * measured when it has been made, and before others have pushed it out of the cache or are given its memory.
 */
export function measure(g: GraphBuilder, subjects: Subjects): Measurements {
  const places: Record<Kind, Place[]> = { activations: [], gradients: [], weights: [], numbers: [] };
  const groups = grouped(g, subjects);
  const measured = groups
    .toReversed()
    .map((group) => measureGroup(g, group))
    .reverse();
  let offset = 0;
  groups.forEach((group, i) => {
    const { quick, positions } = measured[i]!;
    const length = quick.shape[0]!;
    for (const subject of group) {
      const at = offset + positions.get(subject)!;
      places[subject.kind][subject.index] = { at, checked: at + length, right: offset + 2 * length - 1 };
    }
    offset += 2 * length;
  });
  const vectors = measured.flatMap(({ quick, checked }) => [quick, checked]);
  return { vector: vectors.length === 0 ? undefined : g.concat(vectors, 0), ...places };
}

/** All subjects in the order in which they are made, cut into groups. */
function grouped(g: GraphBuilder, subjects: Subjects): Subject[][] {
  const madeAt = new Map<string, number>();
  g.graph.nodes.forEach(({ inputs, outputs }, i) => {
    // What no node makes, a weight, is in the cache when it is first used.
    for (const name of [...inputs, ...outputs]) if (!madeAt.has(name)) madeAt.set(name, i);
  });
  const all = kinds.flatMap((kind) =>
    (subjects[kind] ?? []).map((x, index): Subject => {
      const { name } = subjects.beside?.get(x.name) ?? x;
      return { kind, index, x: g.cast(x, 'float32'), at: madeAt.get(name) ?? 0 };
    }),
  );
  all.sort((a, b) => a.at - b.at);
  const groups: Subject[][] = [];
  let [elements, direction] = [Infinity, ''];
  for (const subject of all) {
    const its = subject.kind === 'activations' || subject.kind === 'numbers' ? 'forward' : 'backward';
    if (its !== direction || elements >= elementsAtOnce[its]) {
      groups.push([]);
      [elements, direction] = [0, its];
    }
    groups.at(-1)!.push(subject);
    elements += sizeOf(subject.x.shape);
  }
  return groups;
}

const of = (kind: Kind, group: readonly Subject[]): Subject[] => group.filter((subject) => subject.kind === kind);

const take = (g: GraphBuilder, vector: Value, places: readonly number[]): Value =>
  g.op('Gather', [vector, g.ints(places)], { axis: 0 }, { dtype: vector.dtype, shape: [places.length] });

interface MeasuredGroup {
  /** Sums and extremes, and what else is needed to tell whether they are right; ends with a 1. */
  quick: Value;
  /** As long as that: norms instead of sums of squares, and a 1 at the end; or what is exact, and a 0 at the end. */
  checked: Value;
  /** Of the numbers of each subject. */
  positions: ReadonlyMap<Subject, number>;
}

function measureGroup(g: GraphBuilder, group: readonly Subject[]): MeasuredGroup {
  const { vector, positions } = reduceAll(g, group);
  const activations = of('activations', group);
  const one = g.constant('float32', [1], [1]);
  const quick = g.concat(
    [vector, ...(activations.length > 0 ? [spreads(g, vector, activations, positions)] : []), one],
    0,
  );
  const length = quick.shape[0]!;

  const [low, high] = [Array<number>(length).fill(-largestFloat), Array<number>(length).fill(largestFloat)];
  for (const subject of group) {
    const square = (reductions[subject.kind] as readonly string[]).indexOf('ReduceSumSquare');
    if (square < 0) continue;
    low[positions.get(subject)! + square] = trusted.above;
    high[positions.get(subject)! + square] = trusted.below;
  }
  activations.forEach((_, i) => {
    low[vector.shape[0]! + i] = 1e-37;
  });
  const limited = g.max(g.min(quick, g.constant('float32', [length], high)), g.constant('float32', [length], low));
  // A NaN is not equal to anything.
  const right = g.equal(g.reduce('ReduceL1', g.sub(quick, limited)), 0);
  const [checked] = branch(
    g,
    right,
    (fast) => [fast.sqrt(quick)],
    (slow) => [exact(slow, group, quick, positions)],
  );
  return { quick, checked: checked!, positions };
}

/**
 * The reductions of all tensors, those of a tensor one after the other.
 * @returns one vector, and where the numbers of a tensor begin in it
 */
function reduceAll(
  g: GraphBuilder,
  group: readonly Subject[],
): { vector: Value; positions: ReadonlyMap<Subject, number> } {
  const parts: Value[] = [];
  const positions = new Map<Subject, number>();
  let end = 0;
  const runs = cut(group, operandsAtOnce);
  // What is added last is computed first.
  for (const run of runs.toReversed()) {
    const ofRun: Value[] = [];
    // A reduction keeps the rank of its tensor: making a vector of each result would be one node more.
    for (const alike of groupBy(run, ({ x }) => Math.max(1, x.shape.length)).values()) {
      const results = alike
        .toReversed()
        .map(({ kind, x }) =>
          reductions[kind]
            .toReversed()
            .map((opType) => (opType === 'Identity' ? x : reduceWhole(g, opType, x)))
            .reverse(),
        )
        .reverse();
      const joined = g.concat(results.flat(), 0);
      ofRun.push(g.reshape(joined, [sizeOf(joined.shape)]));
    }
    parts.unshift(g.concat(ofRun, 0));
  }
  for (const run of runs)
    for (const alike of groupBy(run, ({ x }) => Math.max(1, x.shape.length)).values())
      for (const subject of alike) {
        positions.set(subject, end);
        end += reductions[subject.kind].length;
      }
  return { vector: g.concat(parts, 0), positions };
}

function cut<T>(items: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, i) => items.slice(i * length, (i + 1) * length));
}

/** The reduction of all elements, of shape [1, …]; of a scalar, [1]. */
const reduceWhole = (g: GraphBuilder, opType: string, x: Value): Value =>
  x.shape.length === 0 ? g.reduce(opType, g.reshape(x, [1]), [0], true) : g.reduce(opType, x, undefined, true);

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Of each activation, a number that is positive where its variance keeps enough digits beside the square of its mean. */
function spreads(
  g: GraphBuilder,
  vector: Value,
  activations: readonly Subject[],
  positions: ReadonlyMap<Subject, number>,
): Value {
  const [sums, squares] = [0, 1].map((k) =>
    take(
      g,
      vector,
      activations.map((subject) => positions.get(subject)! + k),
    ),
  );
  const counts = activations.map(({ x }) => sizeOf(x.shape) / (1 + smallestVariance));
  return g.sub(g.mul(squares!, g.constant('float32', [counts.length], counts)), g.mul(sums!, sums!));
}

/** What the branch gives where something is wrong, in the order of `quick`; zeros where that has to say nothing. */
function exact(
  g: GraphBuilder,
  group: readonly Subject[],
  quick: Value,
  positions: ReadonlyMap<Subject, number>,
): Value {
  const parts = [zeros(g, 1)];
  const sources = Array<number>(quick.shape[0]!).fill(0);
  let end = 1;
  const add = (subjects: readonly Subject[], k: number, values: Value): void => {
    parts.push(values);
    subjects.forEach((subject, i) => {
      sources[positions.get(subject)! + k] = end + i;
    });
    end += subjects.length;
  };
  const [activations, gradients, weights] = (['activations', 'gradients', 'weights'] as const).map((kind) =>
    of(kind, group),
  );
  const tensorsOf = (subjects: readonly Subject[]): Value[] => subjects.map(({ x }) => x);
  if (activations!.length > 0) {
    const { mean, std } = exactMoments(g, tensorsOf(activations!));
    add(activations!, 0, mean);
    add(activations!, 1, std);
  }
  if (gradients!.length > 0) {
    const [squares, most, least] = [0, 1, 2].map((k) =>
      take(
        g,
        quick,
        gradients!.map((subject) => positions.get(subject)! + k),
      ),
    );
    const maxAbs = g.max(most!, g.neg(least!));
    add(gradients!, 0, scaledNorms(g, tensorsOf(gradients!), maxAbs));
    add(gradients!, 1, countNonFinite(g, tensorsOf(gradients!), squares!, maxAbs));
  }
  if (weights!.length > 0) {
    const squares = take(
      g,
      quick,
      weights!.map((subject) => positions.get(subject)!),
    );
    add(weights!, 0, exactNorms(g, tensorsOf(weights!), squares));
  }
  return take(g, g.concat(parts, 0), sources);
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
  // A product and a sum take a fifth of the time of ReduceSumSquare along an axis.
  const sumOfSquares = (b: GraphBuilder, rows: Value): Value => b.sum(b.mul(rows, rows), [1]);
  const squares = sumOfSquares(g, x);
  const [norms] = branch(
    g,
    areTrusted(g, squares),
    (fast) => [fast.sqrt(squares)],
    (slow) => {
      const [most, least] = ['ReduceMax', 'ReduceMin'].map((opType) => slow.reduce(opType, x, [1], true));
      const scale = scaleOf(slow, slow.max(most!, slow.neg(least!)));
      const scaled = slow.sqrt(sumOfSquares(slow, slow.mul(x, scale)));
      return [slow.div(scaled, slow.reshape(scale, squares.shape))];
    },
  );
  return norms!;
}

/** @param squares the sums of their squares, which are right more often than not: gradients vanish, weights do not */
function exactNorms(g: GraphBuilder, tensors: readonly Value[], squares: Value): Value {
  const [found] = branch(
    g,
    areTrusted(g, squares),
    (fast) => [fast.sqrt(squares)],
    (slow) => {
      const [most, least] = ['ReduceMax', 'ReduceMin'].map((opType) => reduceEach(slow, opType, tensors));
      return [scaledNorms(slow, tensors, slow.max(most!, slow.neg(least!)))];
    },
  );
  return found!;
}

/** How many elements are NaN or infinite. @param squares the sums of their squares, in which alone a NaN may show */
function countNonFinite(g: GraphBuilder, tensors: readonly Value[], squares: Value, maxAbs: Value): Value {
  const [count] = branch(
    g,
    all(g, g.and(g.lessOrEqual(maxAbs, largestFloat), g.equal(squares, squares))),
    (none) => [none.identity(zeros(none, tensors.length))],
    (some) => {
      const good = tensors.map((x) => some.cast(some.lessOrEqual(some.abs(x), largestFloat), 'float32'));
      return [some.sub(sizes(some, tensors, 'float32'), reduceEach(some, 'ReduceSum', good))];
    },
  );
  return count!;
}

/** The norms of tensors whose squares may leave the range of float32. @param largest of each, its largest element */
function scaledNorms(g: GraphBuilder, tensors: readonly Value[], largest: Value): Value {
  const scale = scaleOf(g, largest);
  const scaled = tensors.map((x, i) => g.mul(x, g.slice(scale, 0, i, i + 1)));
  return g.div(g.sqrt(reduceEach(g, 'ReduceSumSquare', scaled)), scale);
}

/** Powers of two, which round nothing: what they are multiplied with gets a largest element between 2^-30 and 2^30. */
function scaleOf(g: GraphBuilder, largest: Value): Value {
  const rows: [below: number, scale: number][] = [
    [2 ** 90, 2 ** -60],
    [2 ** 30, 1],
    [2 ** -30, 2 ** 60],
    [2 ** -90, 2 ** 120],
  ];
  return rows.reduce<Value>(
    (rest, [below, scale]) => g.where(g.less(largest, below), scale, rest),
    g.scalar(2 ** -100),
  );
}

function exactMoments(g: GraphBuilder, tensors: readonly Value[]): { mean: Value; std: Value } {
  const wide = tensors.map((x) => g.cast(x, 'float64'));
  const counts = sizes(g, tensors, 'float64');
  const mean = g.div(reduceEach(g, 'ReduceSum', wide), counts);
  const variance = g.sub(g.div(reduceEach(g, 'ReduceSumSquare', wide), counts), g.mul(mean, mean));
  // Rounding may leave a little less than the zero of a constant.
  const std = g.sqrt(g.where(g.less(variance, 0), 0, variance));
  return { mean: g.cast(mean, 'float32'), std: g.cast(std, 'float32') };
}

const zeros = (g: GraphBuilder, length: number): Value =>
  g.constant('float32', [length], Array<number>(length).fill(0));

const sizes = (g: GraphBuilder, tensors: readonly Value[], dtype: 'float32' | 'float64'): Value =>
  g.constant(
    dtype,
    [tensors.length],
    tensors.map(({ shape }) => sizeOf(shape)),
  );

const reduceEach = (g: GraphBuilder, opType: string, tensors: readonly Value[]): Value =>
  g.concat(
    tensors.map((x) => g.reshape(reduceWhole(g, opType, x), [1])),
    0,
  );

const areTrusted = (g: GraphBuilder, squares: Value): Value =>
  all(g, g.and(g.greater(squares, trusted.above), g.less(squares, trusted.below)));

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
