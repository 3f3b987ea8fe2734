/**
 * Parameters that are moved together. A node costs a microsecond however little it does, and half the parameters of a
 * network are short vectors, biases and scales: those of one length are one matrix, and its rows are measured at once.
 */
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Optimizer } from './optimizers';
import type { StepLoop } from './step-loop';

/**
 * Fewer vectors are as quick one by one. Of more, gradients wait for each other, and in memory what they are made of: a
 * bias's is the sum of the rows of its layer's. Nor does WebGPU's Split have more than 10 outputs.
 */
const [fewest, most] = [3, 8];

/** Rows of more elements are as quickly reduced one by one. */
const longest = 2048;

export interface Pack {
  /** Which of the parameters. */
  members: readonly number[];
  /** The parameter itself, or `[members, length]`. */
  value: Value;
  gradient: Value;
}

/** @param gradients of the parameters, in their order */
export function pack(g: GraphBuilder, parameters: readonly Value[], gradients: readonly Value[]): Pack[] {
  const groups = new Map<string, number[]>();
  parameters.forEach(({ dtype, shape }, i) => {
    const isShort = shape.length === 1 && shape[0]! <= longest;
    const key = isShort ? `${dtype} ${shape[0]}` : `alone ${i}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const parts = [...groups.values()]
    .flatMap(inParts)
    .flatMap((members) => (isPack(members) ? [members] : members.map((i) => [i])));
  // The runtime moves the last first. Their gradients are made in that order, too.
  parts.sort(([a], [b]) => a! - b!);
  return parts.map((members): Pack => {
    const [first] = members as [number];
    if (!isPack(members)) return { members, value: parameters[first]!, gradient: gradients[first]! };
    const rows = (values: readonly Value[]): Value => {
      const row = parameters[first]!.shape[0]!;
      const joined = g.concat(
        members.map((i) => values[i]!),
        0,
      );
      return g.reshape(joined, [members.length, row]);
    };
    return { members, value: rows(parameters), gradient: rows(gradients) };
  });
}

const isPack = (members: readonly number[]): boolean => members.length >= fewest;

/** Neighbours, in parts of one length or nearly so. */
function inParts(members: readonly number[]): number[][] {
  const count = Math.ceil(members.length / most);
  const end = (part: number): number => Math.round((part * members.length) / count);
  return Array.from({ length: count }, (_, part) => members.slice(end(part), end(part + 1)));
}

/** What becomes of a pack in a step, of the shape of its value. */
export interface Moved {
  delta: Value;
  after: Value;
}

/** Moves parameters along directions, their gradients or what clipping has left of them: one per pack. */
export function move(
  loop: StepLoop,
  optimizer: Optimizer,
  names: readonly string[],
  packs: readonly Pack[],
  directions: readonly Value[],
  rates: readonly Value[],
): Moved[] {
  const { g } = loop;
  return packs.map(({ members, value }, i) => {
    const states = optimizer.states.map((state) => loop.carryZeros(`${names[members[0]!]!}/${state}`, value));
    const ofType = rates.map((rate) => g.cast(rate, value.dtype));
    const update = optimizer.update(g, value, directions[i]!, states, ofType);
    const after = g.add(value, update.delta);
    states.forEach((state, k) => {
      loop.next(state, update.states[k]!);
    });
    const parts = members.length === 1 ? [after] : apart(g, after);
    members.forEach((member, k) => {
      loop.next(g.value(names[member]!), parts[k]!);
    });
    return { delta: update.delta, after };
  });
}

/** The rows of a matrix. */
function apart(g: GraphBuilder, matrix: Value): Value[] {
  const [rows, length] = matrix.shape as [number, number];
  return g.split(g.reshape(matrix, [rows * length]), Array<number>(rows).fill(length), 0);
}
