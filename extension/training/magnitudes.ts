/**
 * How large tensors are: norms, largest elements, elements that are not finite, means and deviations.
 *
 * The graph computes sums and extremes, in float32 and without a temporary of the tensor's size; `readMoments` and its
 * like make the rest of them. That is wrong where a sum of squares leaves the range of float32 (0 below norms of 1e-23,
 * infinite above 1e19: a vanished gradient would look like none) or where a variance is lost against the square of its
 * mean. `doubts` says so of the numbers that a step has given, and the step is taken again with a graph that measures
 * these tensors with care: multiplied by a power of two, which rounds nothing, and activations about their mean.
 *
 * A branch in the graph would do as well, but takes every tensor from the graph around it, and the time in which the
 * runtime loads that grows faster than the number of layers.
 *
 * Every node costs about a microsecond, whatever it does, and a step has hundreds of tensors: hence as few nodes as
 * possible.
 */
import type { GraphBuilder, Value } from '../onnx/builder';
import { sizeOf } from '../onnx/tensor';

const largestFloat = 3.4028234663852886e38;
const smallestFloat = 1.1754943508222875e-38;

/** Sums of squares within these limits are right to five digits: no square that matters has underflowed. */
const trusted = { above: 1e-28, below: 1e36 };

/** Below this ratio of variance to squared mean, too few digits of a float32 variance are left. */
const smallestVariance = 1e-4;

/**
 * Tensors are measured together up to so many, and until they have so many elements: while they are in the cache. One
 * Concat of them all would be slow, too.
 */
const tensorsAtOnce = 24;
const elementsAtOnce = 2 ** 17;

/** A tensor, or several of them, which are the rows of a matrix. */
export interface Subject {
  x: Value;
  /** Where in the results of its kind, or where each row is. */
  members: readonly number[];
}

export const each = (tensors: readonly Value[]): Subject[] => tensors.map((x, i) => ({ x, members: [i] }));

/** What is asked for. */
export interface Subjects {
  activations?: readonly Subject[];
  gradients?: readonly Subject[];
  weights?: readonly Subject[];
  /** Gradients after clipping. */
  limited?: readonly Subject[];
  /** Single numbers, computed elsewhere, that are best computed with the rest. */
  numbers?: readonly Subject[];
}

type Kind = keyof Subjects;

/**
 * What is measured with care: tensors by their `Place.id`, with the power of two that they are multiplied with. A member
 * that is no tensor says what else is computed.
 */
export type Care = ReadonlyMap<string, number>;

/** Member of `Care`: elements of gradients that are not finite are counted. */
const counts = 'counts';

/** What should have been measured with care, as a member of `Care`. */
export interface Doubt {
  id: string;
  scale: number;
  /** Whether what has been measured is wrong; else it may soon be. */
  serious: boolean;
}

/** Where in the vector of measurements the numbers of a tensor are. */
export interface Place {
  id: string;
  kind: Kind;
  /** Of the tensor. */
  size: number;
  /** The first of its sums and extremes. */
  at: number;
  /** From there to the next of them. */
  stride: number;
  /** Where it is measured with care, what it is multiplied with for the sums. */
  scale?: number;
  /** How many elements are finite. */
  finite?: number;
}

export interface Measurements extends Readonly<Record<Kind, readonly Place[]>> {
  /** float32; undefined where nothing was asked for. */
  vector: Value | undefined;
}

const reductions = {
  activations: ['ReduceSum', 'ReduceSumSquare'],
  gradients: ['ReduceSumSquare', 'ReduceMax', 'ReduceMin'],
  weights: ['ReduceSumSquare'],
  limited: ['ReduceSumSquare'],
  numbers: [],
} as const;

const kinds = Object.keys(reductions) as Kind[];

/** The numbers of a tensor. Those that its kind does not have are NaN. */
interface Numbers {
  /** Of activations measured with care, about the mean. */
  squares: number;
  /** Of activations. */
  sum: number;
  /** Of activations measured with care: the sum of what is left beside the mean, which is rounded. */
  rest: number;
  /** Of gradients: the largest magnitude, not scaled. */
  maxAbs: number;
}

function numbersAt(row: Float32Array, offset: number, { kind, at, stride, scale }: Place): Numbers {
  const begin = offset + at;
  const [first, second, third] = [row[begin]!, row[begin + stride]!, row[begin + 2 * stride]!];
  switch (kind) {
    case 'activations':
      return { squares: second, sum: first, rest: scale === undefined ? NaN : third, maxAbs: NaN };
    case 'gradients':
      return { squares: first, sum: NaN, rest: NaN, maxAbs: Math.max(second, -third) };
    default:
      return { squares: first, sum: NaN, rest: NaN, maxAbs: NaN };
  }
}

/** Of a gradient. A NaN shows in its squares only. */
const isFinite = ({ squares, maxAbs }: Numbers): boolean => !Number.isNaN(squares) && Number.isFinite(maxAbs);

const within = (squares: number, margin = 1): boolean =>
  squares > trusted.above * margin && squares < trusted.below / margin;

/** With it every number but 0 has a square, and a finite one where it had none without. */
const largestScale = 2 ** 110;

/**
 * Whether the numbers of a tensor say what can be said of it.
 * @param margin how far they have to be from where they do not: a factor
 */
function suffices({ kind, size, scale }: Place, numbers: Numbers, margin: number): boolean {
  const { squares, sum, maxAbs } = numbers;
  if (kind === 'numbers' || Number.isNaN(squares)) return true;
  if (kind === 'gradients' && (maxAbs === 0 || !isFinite(numbers))) return true;
  if (within(squares, margin)) {
    if (kind !== 'activations' || scale !== undefined) return true;
    const ratio = smallestVariance * (margin > 1 ? 10 : 1);
    return (squares * size) / (1 + ratio) > sum * sum;
  }
  // Zeros, or elements that differ from their mean by less than it is rounded to.
  return squares === 0 && scale !== undefined && (scale === largestScale || within(sum * sum, margin));
}

/** What makes the squares of a tensor neither too small nor too large. */
function betterScale({ kind, size, scale = 1 }: Place, { squares, sum, maxAbs }: Numbers): number {
  const all = kind === 'activations' ? Math.max(squares, (sum * sum) / size) : squares;
  if (within(all, 1e6)) return scale;
  if (kind !== 'gradients') {
    if (all === 0) return largestScale;
    if (!Number.isFinite(all)) return scale > 1 ? 1 : 2 ** -100;
  }
  const magnitude = kind === 'gradients' ? maxAbs : Math.sqrt(all) / scale;
  return 2 ** Math.max(-110, Math.min(110, -Math.floor(Math.log2(magnitude))));
}

/**
 * What should have been measured with care and was not. Where nothing of it is serious, what is read is right.
 * @param row has the vector of measurements from `offset` on
 * @param margin how near to where they are not right numbers may be, a factor
 */
export function doubts(row: Float32Array, offset: number, measurements: Measurements, margin: number): Doubt[] {
  const found: Doubt[] = [];
  for (const kind of kinds)
    for (const place of measurements[kind]) {
      const numbers = numbersAt(row, offset, place);
      if (kind === 'gradients' && place.finite === undefined && !isFinite(numbers))
        found.push({ id: counts, scale: 1, serious: true });
      else if (!suffices(place, numbers, margin)) {
        const scale = betterScale(place, numbers);
        if (scale !== place.scale) found.push({ id: place.id, scale, serious: !suffices(place, numbers, 1) });
      }
    }
  return found;
}

/** @param row has the vector of measurements from `offset` on */
export function readMoments(row: Float32Array, offset: number, place: Place): { mean: number; std: number } {
  const { size, scale } = place;
  const { sum, squares, rest } = numbersAt(row, offset, place);
  const mean = sum / size;
  if (scale === undefined) return { mean, std: Math.sqrt(squares / size - mean * mean) };
  const left = rest / size;
  return {
    // Infinite elements have a mean, but nothing beside it.
    mean: (mean + (Number.isNaN(left) ? 0 : left)) / scale,
    std: Math.sqrt(Math.max(0, squares / size - left * left)) / scale,
  };
}

/** @returns `nonFinite`: how many elements are NaN or infinite */
export function readMagnitudes(
  row: Float32Array,
  offset: number,
  place: Place,
): { norm: number; maxAbs: number; nonFinite: number } {
  const numbers = numbersAt(row, offset, place);
  return {
    norm: readNorm(row, offset, place),
    maxAbs: numbers.maxAbs,
    nonFinite: place.finite === undefined || isFinite(numbers) ? 0 : place.size - row[offset + place.finite]!,
  };
}

/** Of a gradient or a weight. */
export const readNorm = (row: Float32Array, offset: number, { at, scale = 1 }: Place): number =>
  Math.sqrt(row[offset + at]!) / scale;

export const readNumber = (row: Float32Array, offset: number, { at }: Place): number => row[offset + at]!;

/** Norms within the graph: one vector. @param places of gradients or weights */
export function norms(g: GraphBuilder, { vector }: Measurements, places: readonly Place[]): Value {
  const at = g.ints(places.map((place) => place.at));
  const squares = g.op('Gather', [vector!, at], { axis: 0 }, { dtype: 'float32', shape: [places.length] });
  if (places.every(({ scale }) => scale === undefined)) return g.sqrt(squares);
  const factors = places.map(({ scale = 1 }) => 1 / scale);
  return g.mul(g.sqrt(squares), g.constant('float32', [factors.length], factors));
}

interface Measured extends Subject {
  kind: Kind;
  numbers: readonly Value[];
}

/** Names a tensor among those of a training graph. */
const idOf = (kind: Kind, member: number): string => `${kind} ${member}`;

/**
 * Measures tensors that the graph already has.
 *
 * Neighbours are measured together. The runtime computes the inputs of a node one after the other, that of the last
 * added node first, and each with all that it needs: so of vectors that are joined, the first is added last. Tensors are
 * then measured soon after they have been made, and before others have pushed them out of the cache or are given their
 * memory.
 */
export function measure(g: GraphBuilder, subjects: Subjects, care: Care): Measurements {
  const places: Record<Kind, Place[]> = { activations: [], gradients: [], weights: [], limited: [], numbers: [] };
  const runs = cut(measureEach(g, subjects, care)).map(byRank);
  const parts = runs
    .toReversed()
    .map((run) => join(g, run))
    .reverse();
  let end = 0;
  for (const { kind, members, x, numbers } of runs.flat(2)) {
    const stride = members.length;
    const size = sizeOf(x.shape) / stride;
    members.forEach((member, row) => {
      const id = idOf(kind, member);
      const place: Place = { id, kind, size, at: end + row, stride, scale: care.get(id) };
      if (kind === 'gradients' && care.has(counts)) place.finite = place.at + (numbers.length - 1) * stride;
      places[kind][member] = place;
    });
    end += numbers.length * stride;
  }
  return { vector: parts.length === 0 ? undefined : g.concat(parts, 0), ...places };
}

/** In the order in which the tensors are made. */
function measureEach(g: GraphBuilder, subjects: Subjects, care: Care): Measured[] {
  const madeAt = new Map<string, number>();
  g.graph.nodes.forEach(({ outputs }, i) => {
    for (const name of outputs) madeAt.set(name, i);
  });
  const made = ({ name }: Value): number => madeAt.get(name) ?? -1;
  const begin = g.graph.nodes.length;
  const all = kinds.flatMap((kind) =>
    (subjects[kind] ?? []).map(({ x: value, members }): Measured & { at: number } => {
      const x = g.cast(value, 'float32');
      return { kind, members, x, at: made(value), numbers: numbersOf(g, kind, { x, members }, care) };
    }),
  );
  g.hoist(begin);
  return all.sort((a, b) => a.at - b.at);
}

/** Into runs that are measured together. */
function cut(subjects: readonly Measured[]): Measured[][] {
  const runs: Measured[][] = [];
  let elements = Infinity;
  for (const subject of subjects) {
    if (elements >= elementsAtOnce || runs.at(-1)!.length === tensorsAtOnce) {
      runs.push([]);
      elements = 0;
    }
    runs.at(-1)!.push(subject);
    elements += sizeOf(subject.x.shape);
  }
  return runs;
}

/** A reduction keeps the rank of its tensor: making a vector of each result would be one node more. */
function byRank(run: readonly Measured[]): Measured[][] {
  const groups = new Map<number, Measured[]>();
  for (const subject of run) {
    const rank = Math.max(1, subject.x.shape.length);
    const group = groups.get(rank);
    if (group) group.push(subject);
    else groups.set(rank, [subject]);
  }
  return [...groups.values()];
}

/** The numbers of all tensors of a run, those of a tensor one after the other: one vector. */
function join(g: GraphBuilder, run: readonly (readonly Measured[])[]): Value {
  const parts = run.map((alike) => {
    const joined = g.concat(
      alike.flatMap(({ numbers }) => numbers),
      0,
    );
    return g.reshape(joined, [sizeOf(joined.shape)]);
  });
  return g.concat(parts, 0);
}

/** As `numbersAt` reads them, each of shape [members, 1, …]. */
function numbersOf(g: GraphBuilder, kind: Kind, { x: value, members }: Subject, care: Care): Value[] {
  const x = value.shape.length === 0 ? g.reshape(value, [1]) : value;
  if (kind === 'numbers') return [x];
  const axes = members.length > 1 ? [1] : undefined;
  const whole = (opType: string, of: Value): Value => g.reduce(opType, of, axes, true);
  const scales = members.map((member) => care.get(idOf(kind, member)));
  const factors = scales.map((scale = 1) => scale);
  const scaled = factors.every((factor) => factor === 1)
    ? x
    : g.mul(x, axes ? g.constant('float32', [members.length, 1], factors) : factors[0]!);
  if (kind === 'activations' && scales[0] !== undefined) {
    const sum = whole('ReduceSum', scaled);
    const rest = g.sub(scaled, g.div(sum, sizeOf(x.shape)));
    return [sum, whole('ReduceSumSquare', rest), whole('ReduceSum', rest)];
  }
  const results = reductions[kind].map((opType) => whole(opType, opType === 'ReduceSumSquare' ? scaled : x));
  if (kind !== 'gradients' || !care.has(counts)) return results;
  return [...results, whole('ReduceSum', g.cast(g.lessOrEqual(g.abs(x), largestFloat), 'float32'))];
}

/** The norm of the concatenation of tensors from their norms: a scalar. Scaled by the largest, against overflow. */
export function totalNorm(g: GraphBuilder, each: Value): Value {
  const largest = g.reduce('ReduceMax', each);
  const scaled = g.div(each, g.where(g.greater(largest, 0), largest, 1));
  return g.mul(largest, g.sqrt(g.reduce('ReduceSumSquare', scaled)));
}

/**
 * The norm of every row of a matrix `[rows, elements]`, float32 `[rows]`.
 * @param careful whether that is to be right for norms that `isNormTrusted` does not trust
 */
export function rowNorms(g: GraphBuilder, matrix: Value, careful: boolean): Value {
  const x = g.cast(matrix, 'float32');
  // A product and a sum take a fifth of the time of ReduceSumSquare along an axis.
  const sumOfSquares = (rows: Value): Value => g.sum(g.mul(rows, rows), [1]);
  if (!careful) return g.sqrt(sumOfSquares(x));
  const [most, least] = ['ReduceMax', 'ReduceMin'].map((opType) => g.reduce(opType, x, [1], true));
  // Finite where elements are not, so that these show.
  const scale = g.min(g.max(g.max(most!, g.neg(least!)), smallestFloat), largestFloat);
  const ofScaled = g.sqrt(sumOfSquares(g.div(x, scale)));
  return g.mul(ofScaled, g.reshape(scale, ofScaled.shape));
}

/** Of the square root of a sum of squares. */
export const isNormTrusted = (norm: number): boolean => Number.isNaN(norm) || within(norm * norm);
