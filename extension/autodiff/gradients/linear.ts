/** Matrix products and determinants. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { GradientRule, GradientRules } from '../rule';
import { outputGradient, perInput, product, range } from './support';

const matMul: GradientRule = (c) => {
  const { g } = c;
  const a = asMatrix(g, c.input(0), 0);
  const b = asMatrix(g, c.input(1), -1);
  const [rows, columns] = [a.shape.at(-2)!, b.shape.at(-1)!];
  const dy = g.reshape(outputGradient(c), [...batchShape(c.output().shape, c.input(0), c.input(1)), rows, columns]);
  if (b.shape.length > 2)
    return [
      c.wanted(0) ? shaped(g, g.matmul(dy, g.matrixTranspose(b)), a, c.input(0)) : undefined,
      c.wanted(1) ? shaped(g, g.matmul(g.matrixTranspose(a), dy), b, c.input(1)) : undefined,
    ];
  // One right-hand matrix for the whole batch: a single product, with no partial sums to add up.
  const flat = g.reshape(dy, [product(dy.shape.slice(0, -1)), columns]);
  const left = g.reshape(a, [product(a.shape.slice(0, -1)), a.shape.at(-1)!]);
  return [
    c.wanted(0) ? g.reshape(g.gemm(flat, b, { transB: true }), c.input(0).shape) : undefined,
    c.wanted(1) ? g.reshape(g.gemm(left, flat, { transA: true }), c.input(1).shape) : undefined,
  ];
};

/** A vector as the row (axis 0) or column (axis -1) that MatMul takes it for. */
const asMatrix = (g: GraphBuilder, x: Value, axis: 0 | -1): Value =>
  x.shape.length > 1 ? x : g.reshape(x, axis === 0 ? [1, ...x.shape] : [...x.shape, 1]);

const batchShape = (output: readonly number[], a: Value, b: Value): readonly number[] =>
  output.slice(0, output.length - (a.shape.length > 1 ? 1 : 0) - (b.shape.length > 1 ? 1 : 0));

const shaped = (g: GraphBuilder, gradient: Value, matrix: Value, input: Value): Value =>
  g.reshape(g.sumTo(gradient, matrix.shape), input.shape);

/** Y = α·A′·B′ + β·C. */
const gemm: GradientRule = (c) => {
  const { g } = c;
  const dy = outputGradient(c);
  const [a, b] = [c.input(0), c.input(1)];
  const transA = c.int('transA', 0) === 1;
  const transB = c.int('transB', 0) === 1;
  const alpha = c.float('alpha', 1);
  const beta = c.float('beta', 1);
  return perInput(
    c,
    () => (transA ? g.gemm(b, dy, { transA: transB, transB: true, alpha }) : g.gemm(dy, b, { transB: !transB, alpha })),
    () => (transB ? g.gemm(dy, a, { transA: true, transB: transA, alpha }) : g.gemm(a, dy, { transA: !transA, alpha })),
    () => {
      const bias = g.sumTo(dy, c.input(2).shape);
      return beta === 1 ? bias : g.mul(bias, beta);
    },
  );
};

/** The matrix of cofactors (Jacobi's formula), which exists for singular matrices too. */
const determinant: GradientRule = (c) => {
  const { g } = c;
  const x = c.input(0);
  const size = x.shape.at(-1)!;
  const dy = g.reshape(outputGradient(c), [...c.output().shape, 1, 1]);
  if (size === 1) return [g.reshape(dy, x.shape)];
  const batch = x.shape.slice(0, -2);
  const without = (left: number): number[] => range(size).filter((i) => i !== left);
  const minors = range(size * size).flatMap((i) =>
    without(Math.floor(i / size)).flatMap((row) => without(i % size).map((column) => row * size + column)),
  );
  const minorShape = [size, size, size - 1, size - 1];
  const picked = g.op(
    'Gather',
    [g.reshape(x, [...batch, size * size]), g.constant('int64', minorShape, minors)],
    { axis: batch.length },
    { dtype: x.dtype, shape: [...batch, ...minorShape] },
  );
  const determinants = g.op('Det', [picked], {}, { dtype: x.dtype, shape: x.shape });
  const signs = range(size * size).map((i) => ((Math.floor(i / size) + (i % size)) % 2 === 0 ? 1 : -1));
  return [g.mul(dy, g.mul(determinants, g.constant(x.dtype as 'float32', [size, size], signs)))];
};

export const linearRules: GradientRules = { MatMul: matMul, Gemm: gemm, Det: determinant };
