/** Einstein summation: the gradient of an operand is the summation of the output's gradient with the other operands. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import { UnsupportedError, type GradientRule, type GradientRules, type RuleContext } from '../rule';
import { outputGradient, range } from './support';

/** A term is a string of labels, one letter an axis. */
interface Equation {
  operands: string[];
  output: string;
}

const einsum: GradientRule = (c) => {
  const { operands, output } = equationOf(c);
  const dy = outputGradient(c);
  return operands.map((term, i) => {
    if (!c.wanted(i)) return undefined;
    const others = operands.flatMap((other, j) => (j === i ? [] : [{ term: other, value: c.input(j) }]));
    return operandGradient(c.g, term, c.input(i), [{ term: output, value: dy }, ...others]);
  });
};

/** Labels that only this operand has were summed away, so each element gets the same; a repeated label is a diagonal. */
function operandGradient(g: GraphBuilder, term: string, x: Value, factors: { term: string; value: Value }[]): Value {
  const lengths = new Map<string, number>();
  for (const factor of [{ term, value: x }, ...factors])
    letters(factor.term).forEach((label, axis) => {
      lengths.set(label, Math.max(lengths.get(label) ?? 1, factor.value.shape[axis]!));
    });
  const labels = [...new Set(term)];
  const known = labels.filter((label) => factors.some((factor) => factor.term.includes(label)));
  const equation = `${factors.map((factor) => factor.term).join()}->${known.join('')}`;
  const summed = g.op(
    'Einsum',
    factors.map(({ value }) => value),
    { equation },
    {
      dtype: x.dtype,
      shape: known.map((label) => lengths.get(label)!),
    },
  );
  const shape = letters(term).map((label) => lengths.get(label)!);
  // Every label at the first axis that has it.
  const spread = g.reshape(
    summed,
    letters(term).map((label, axis) =>
      known.includes(label) && term.indexOf(label) === axis ? lengths.get(label)! : 1,
    ),
  );
  const onDiagonals = repeatedAxes(term).reduce(
    (value, [first, second]) => g.mul(value, diagonal(g, x, shape, first, second)),
    spread,
  );
  return g.sumTo(g.expand(onDiagonals, shape), x.shape);
}

const repeatedAxes = (term: string): [number, number][] =>
  letters(term).flatMap((label, axis) => (term.indexOf(label) < axis ? [[term.indexOf(label), axis]] : []));

/** Ones where two axes agree, broadcasting over the others. */
function diagonal(g: GraphBuilder, { dtype }: Value, shape: readonly number[], first: number, second: number): Value {
  const length = shape[first]!;
  const ones = range(length * length).map((i) => (i % (length + 1) === 0 ? 1 : 0));
  const around = shape.map((_, axis) => (axis === first || axis === second ? length : 1));
  return g.constant(dtype as 'float32', around, ones);
}

/** The equation with its output stated and the ellipsis written out in letters of its own. */
function equationOf(c: RuleContext): Equation {
  const [left, right] = c.string('equation', '').replaceAll(/\s/g, '').split('->') as [string, string?];
  const terms = left.split(',');
  const free = letters('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz').filter(
    (letter) => !left.includes(letter),
  );
  const batchRank = Math.max(
    0,
    ...terms.map((term, i) => (term.includes('...') ? c.input(i).shape.length - (term.length - 3) : 0)),
  );
  if (batchRank > free.length) throw new UnsupportedError(c.node, 'its equation uses up the alphabet.');
  const batch = free.slice(0, batchRank).join('');
  const operands = terms.map((term, i) => {
    const rank = c.input(i).shape.length - (term.length - 3);
    return term.replace('...', batch.slice(batchRank - rank));
  });
  return { operands, output: right === undefined ? batch + onceOnly(left) : right.replace('...', batch) };
}

/** The output that an equation without one means: the labels that occur once, in alphabetical order. */
const onceOnly = (left: string): string =>
  letters(left)
    .filter((letter) => /[a-z]/i.test(letter) && left.indexOf(letter) === left.lastIndexOf(letter))
    .sort()
    .join('');

const letters = (term: string): string[] => Array.from(term);

export const einsumRules: GradientRules = { Einsum: einsum };
