/**
 * Made-up data that a network can learn: inputs are noise, targets come from a fixed random teacher that looks at the
 * inputs through a few numbers (its view), so that a healthy network finds the rule and a sick one visibly does not.
 */
import { consumers, type Graph } from '../../onnx/graph';
import { arrayOf, isFloat, sizeOf, type Shape, type Tensor, type TensorType } from '../../onnx/tensor';
import { Random } from '../random';
import type { BatchPlan } from './batch-plan';
import type { Column } from './dataset';

/** As many batches are made, and cycled. Fewer where they would not fit into memory. */
const batches = 16;
const largestInput = 2 ** 24;

/** How many numbers the teacher sees of a sample. */
const viewSize = 16;

/** Of a sequence the teacher sees the first steps only: what it says has to be remembered to the end. */
const earlySteps = 3;

/** Classes beyond these get no samples: a teacher of a whole vocabulary would cost more than the training. */
const mostClasses = 64;

/** What the target is made of. */
export type TargetKind =
  { kind: 'class'; classes: number } | { kind: 'number'; range: 'real' | 'unit' | 'symmetric' } | { kind: 'binary' };

/** One view per sample, and per position of the target where the input has the same positions. */
interface View {
  /** `[rows, viewSize]`. */
  whole: Float64Array;
  /** `[rows, positions, viewSize]`. */
  local?: { positions: Shape; values: Float64Array };
}

/** Arrays for every input of the model, `batches` batches long, and the views of them that a teacher judges by. */
export interface SyntheticInputs {
  columns: Map<string, Column>;
  views: readonly View[];
  rows: number;
}

/** @param graph the model; what an input of integers may hold is read from the tables that it looks up in. */
export function syntheticInputs(graph: Graph, plan: BatchPlan, seed: number): SyntheticInputs {
  const largest = Math.max(...[...plan.types.values()].map(({ shape }) => sizeOf(shape)), 1);
  const rows = plan.batch * Math.max(1, Math.min(batches, Math.floor(largestInput / largest)));
  const columns = new Map<string, Column>();
  const views: View[] = [];
  for (const [name, type] of plan.types) {
    const axis = plan.axes.get(name);
    const shape = type.shape.map((size, i) => (i === axis ? rows : size));
    const random = new Random(seed, `input ${name}`);
    const sample = shape.filter((_, i) => i !== axis);
    const samples = axis === undefined ? 1 : rows;
    const form = isFloat(type.dtype) ? (isImage(graph, name, sample) ? 'image' : 'numbers') : 'tokens';
    const values =
      form === 'tokens'
        ? integers(random, integerRange(graph, name), samples * sizeOf(sample))
        : normals(random, sample, samples, form === 'image');
    columns.set(name, { array: arrange(values, type.dtype, shape, axis), axis });
    if (axis !== undefined) views.push(viewOf[form](values, sample, rows, new Random(seed, `view of ${name}`)));
  }
  return { columns, views, rows };
}

/**
 * The teacher's answers.
 * @param type of a batch of targets; samples are on axis 0
 */
export function syntheticTarget(inputs: SyntheticInputs, type: TensorType, target: TargetKind, seed: number): Column {
  const random = new Random(seed, 'teacher');
  const [, ...sample] = type.shape;
  const positions = sizeOf(sample);
  const shape = [inputs.rows, ...sample];
  const data = new (arrayOf(type.dtype as 'float32'))(inputs.rows * positions) as Float32Array | BigInt64Array;
  const write = (i: number, value: number) => {
    data[i] = data instanceof BigInt64Array ? BigInt(value) : value;
  };
  const answers = target.kind === 'class' ? Math.min(target.classes, mostClasses) : 1;
  const local = inputs.views.find(
    (candidate) => candidate.local && matches(sample, candidate.local.positions, target.kind === 'class'),
  )?.local;
  const whole = combine(inputs.views, inputs.rows);
  if (local) {
    const channels = positions / sizeOf(local.positions);
    const perChannel = Array.from({ length: channels }, () => teacher(random, answers));
    const [count, early] = [sizeOf(local.positions), teacher(random, answers)];
    const scores = new Float64Array(answers);
    for (let row = 0; row < inputs.rows; row++)
      for (let position = 0; position < positions; position++) {
        const place = (row * count + (position % count)) * viewSize;
        score(perChannel[Math.floor(position / count)]!, local.values, place, scores, false);
        score(early, whole, row * viewSize, scores, true);
        write(row * positions + position, decide(scores, target));
      }
  } else {
    const perPosition = Array.from({ length: positions }, () => teacher(random, answers));
    const scores = new Float64Array(answers);
    for (let row = 0; row < inputs.rows; row++)
      for (let position = 0; position < positions; position++) {
        score(perPosition[position]!, whole, row * viewSize, scores, false);
        write(row * positions + position, decide(scores, target));
      }
  }
  return { array: { dtype: type.dtype, shape, data }, axis: 0 };
}

/** Whether the target has one answer per position of the input: at each position itself, or channel by channel before. */
const matches = (sample: Shape, positions: Shape, classes: boolean): boolean => {
  const tail = classes ? sample : sample.slice(-positions.length);
  return positions.length > 0 && tail.length === positions.length && tail.every((size, i) => size === positions[i]);
};

/** Rows of random weights, one per answer. */
const teacher = (random: Random, answers: number): Float64Array =>
  Float64Array.from({ length: answers * viewSize }, () => random.normal() / Math.sqrt(viewSize));

function score(weights: Float64Array, view: Float64Array, at: number, scores: Float64Array, add: boolean): void {
  for (let answer = 0; answer < scores.length; answer++) {
    let sum = add ? scores[answer]! : 0;
    for (let i = 0; i < viewSize; i++) sum += weights[answer * viewSize + i]! * view[at + i]!;
    scores[answer] = sum;
  }
}

function decide(scores: Float64Array, target: TargetKind): number {
  if (target.kind === 'class') return scores.indexOf(Math.max(...scores));
  const value = scores[0]!;
  if (target.kind === 'binary') return value > 0 ? 1 : 0;
  if (target.range === 'real') return value;
  return target.range === 'unit' ? 1 / (1 + Math.exp(-value)) : Math.tanh(value);
}

/** The views of all inputs together, each number of it scaled to unit variance over the rows. */
function combine(views: readonly View[], rows: number): Float64Array {
  const sum = new Float64Array(rows * viewSize);
  for (const { whole } of views) whole.forEach((value, i) => (sum[i]! += value));
  return standardized(sum, rows);
}

function standardized(values: Float64Array, rows: number): Float64Array {
  for (let i = 0; i < viewSize; i++) {
    let [total, squares] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const value = values[row * viewSize + i]!;
      total += value;
      squares += value * value;
    }
    const mean = total / rows;
    const deviation = Math.sqrt(Math.max(squares / rows - mean * mean, 1e-12));
    for (let row = 0; row < rows; row++) values[row * viewSize + i] = (values[row * viewSize + i]! - mean) / deviation;
  }
  return values;
}

/** Whether an input is laid out as channels and then places: it goes into a convolution, or has as many axes. */
const isImage = (graph: Graph, name: string, sample: Shape): boolean =>
  sample.length >= 3 ||
  (sample.length === 2 && (consumers(graph).get(name) ?? []).some(({ opType }) => opType.includes('Conv')));

/** Standard normal noise; of an image every channel of every quarter has a brightness of its own, for the teacher to see. */
function normals(random: Random, sample: Shape, rows: number, image: boolean): Float64Array {
  const size = sizeOf(sample);
  const values = Float64Array.from({ length: rows * size }, () => random.normal());
  if (!image) return values;
  const quarter = quarters(sample);
  for (let row = 0; row < rows; row++) {
    const brightness = Float64Array.from({ length: sample[0]! * 4 }, () => random.normal());
    for (let i = 0; i < size; i++) values[row * size + i]! += brightness[quarter[i]!]!;
  }
  return values;
}

/** For each element of an image: four times its channel, plus the quarter of the last two axes that it is in. */
function quarters(sample: Shape): Uint32Array {
  const [channels, ...places] = sample;
  const [height, width] = [places.length > 1 ? places.at(-2)! : 1, places.at(-1)!];
  const perChannel = sizeOf(sample) / channels!;
  return Uint32Array.from({ length: sizeOf(sample) }, (_, i) => {
    const [row, column] = [Math.floor(i / width) % height, i % width];
    return Math.floor(i / perChannel) * 4 + (row * 2 >= height ? 2 : 0) + (column * 2 >= width ? 1 : 0);
  });
}

/** How the teacher looks at an input: every number it sees is a random mixture of the features of what it looks at. */
const viewOf = {
  /** Features, or steps of features. */
  numbers(values: Float64Array, sample: Shape, rows: number, random: Random): View {
    const features = sample.at(-1) ?? 1;
    const steps = sizeOf(sample) / features;
    const projection = teacher(random, features);
    const seen = new Float64Array(rows * steps * viewSize);
    for (let item = 0; item < rows * steps; item++)
      for (let f = 0; f < features; f++)
        for (let i = 0; i < viewSize; i++)
          seen[item * viewSize + i]! += projection[f * viewSize + i]! * values[item * features + f]!;
    return sequenceView(seen, rows, sample.slice(0, -1));
  },

  /** Every token has its own random features. */
  tokens(values: Float64Array, sample: Shape, rows: number, random: Random): View {
    const features = new Map<number, Float64Array>();
    const seen = new Float64Array(values.length * viewSize);
    values.forEach((token, item) => {
      if (!features.has(token))
        features.set(
          token,
          Float64Array.from({ length: viewSize }, () => random.normal()),
        );
      seen.set(features.get(token)!, item * viewSize);
    });
    return sequenceView(seen, rows, sample);
  },

  /** The brightness of every channel in every quarter, and the channels of every place. */
  image(values: Float64Array, sample: Shape, rows: number, random: Random): View {
    const channels = sample[0]!;
    const size = sizeOf(sample);
    const places = size / channels;
    const quarter = quarters(sample);
    const ofQuarters = teacher(random, channels * 4);
    const ofChannels = teacher(random, channels);
    const whole = new Float64Array(rows * viewSize);
    const seen = new Float64Array(rows * places * viewSize);
    for (let row = 0; row < rows; row++)
      for (let element = 0; element < size; element++) {
        const value = values[row * size + element]!;
        const [channel, place] = [Math.floor(element / places), element % places];
        for (let i = 0; i < viewSize; i++) {
          whole[row * viewSize + i]! += (ofQuarters[quarter[element]! * viewSize + i]! * value) / places;
          seen[(row * places + place) * viewSize + i]! += ofChannels[channel * viewSize + i]! * value;
        }
      }
    return { whole, local: { positions: sample.slice(1), values: standardized(seen, rows * places) } };
  },
};

/** @param seen `[rows, …positions, viewSize]` */
function sequenceView(seen: Float64Array, rows: number, positions: Shape): View {
  const steps = sizeOf(positions);
  const early = Math.min(earlySteps, steps);
  const whole = new Float64Array(rows * viewSize);
  for (let row = 0; row < rows; row++)
    for (let at = 0; at < early * viewSize; at++)
      whole[row * viewSize + (at % viewSize)]! += seen[row * steps * viewSize + at]! / early;
  return { whole, local: { positions, values: standardized(seen, rows * steps) } };
}

const integers = (random: Random, range: number | 'ones', length: number): Float64Array =>
  Float64Array.from({ length }, () => (range === 'ones' ? 1 : random.integer(range)));

/**
 * How many different values an input of integers may take: the rows of the smallest table that it looks up in. Inputs
 * that are only compared or multiplied are masks, and all ones.
 */
function integerRange(graph: Graph, input: string): number | 'ones' {
  const takers = consumers(graph);
  const passing = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Transpose', 'Slice']);
  const ranges: number[] = [];
  const open = [input];
  for (let name = open.pop(); name !== undefined; name = open.pop())
    for (const node of takers.get(name) ?? []) {
      if (passing.has(node.opType)) open.push(node.outputs[0]!);
      const axis = node.attributes.axis?.value;
      if (node.opType === 'Gather' && node.inputs[1] === name) {
        const size = graph.types.get(node.inputs[0]!)?.shape.at(typeof axis === 'number' ? axis : 0);
        if (size !== undefined) ranges.push(size);
      }
    }
  return ranges.length > 0 ? Math.min(...ranges) : 'ones';
}

/** Sample by sample in memory, into an array whose samples are on any axis. */
function arrange(values: Float64Array, dtype: TensorType['dtype'], shape: Shape, axis: number | undefined): Tensor {
  const data = new (arrayOf(dtype as 'float32'))(values.length) as Float32Array | BigInt64Array;
  const convert = (value: number) => (data instanceof BigInt64Array ? BigInt(value) : value);
  const inner = axis === undefined ? 1 : sizeOf(shape.slice(axis + 1));
  const outer = axis === undefined ? values.length : sizeOf(shape.slice(0, axis));
  const rows = values.length / (inner * outer);
  for (let row = 0, from = 0; row < rows; row++)
    for (let block = 0; block < outer; block++)
      for (let i = 0; i < inner; i++) data[(block * rows + row) * inner + i] = convert(values[from++]!);
  return { dtype, shape, data };
}
