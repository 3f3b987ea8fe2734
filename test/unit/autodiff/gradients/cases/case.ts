/** What a gradient case is made of. */
import type { AttributeInput } from '../../../../../extension/onnx/builder';
import { sizeOf, tensor, type Shape, type Tensor } from '../../../../../extension/onnx/tensor';

/** An input whose element type is that of the check (float32 or float64), or a constant of a fixed type. */
export type CaseInput = { shape: Shape; values: readonly number[] } | Tensor;

export interface GradientCase {
  op: string;
  /** What this case has that the others have not. */
  about?: string;
  inputs: readonly (CaseInput | undefined)[];
  attributes?: Readonly<Record<string, AttributeInput>>;
  /** How many outputs the node names; one unless said. */
  outputs?: number;
  /** Float inputs that no gradient is asked of. */
  constant?: readonly number[];
  /** Only the first outputs, so many, count in the loss; all unless said. */
  losses?: number;
  /** Some output is float32 whatever the input is. */
  single?: true;
  /** The operator draws random numbers: the same ones in every session, other ones in every run. */
  random?: true;
  /** Distance of the central differences, where the usual one is too far or too near. */
  step?: number;
  /**
   * ∂(Σ y)/∂input for each input that has one, where finite differences cannot tell: at kinks, where PyTorch's choice
   * is stated instead.
   */
  expected?: readonly (readonly number[] | undefined)[];
}

/** Deterministic numbers in [0, 1): the fractional parts of multiples of the golden ratio, stirred. */
function sequence(length: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

let seeds = 1;

/** Evenly distributed values between two bounds. */
export const uniform = (low: number, high: number, ...shape: number[]): CaseInput => ({
  shape,
  values: sequence(sizeOf(shape), (seeds += 7919)).map((value) => low + (high - low) * value),
});

/** Values of both signs, none within 0.1 of zero. */
export const signed = (...shape: number[]): CaseInput => {
  const input = uniform(-2, 2, ...shape) as { values: number[]; shape: Shape };
  return { shape, values: input.values.map((value) => value + (value < 0 ? -0.1 : 0.1)) };
};

/** Values at least 0.1 apart, in mixed order: nothing changes rank under a small step. */
export const distinct = (...shape: number[]): CaseInput => {
  const size = sizeOf(shape);
  const order = sequence(size, (seeds += 7919))
    .map((key, i) => ({ key, i }))
    .sort((a, b) => a.key - b.key);
  return { shape, values: order.map(({ i }) => 0.1 * (i - size / 2) + 0.05) };
};

export const values = (shape: readonly number[], ...numbers: number[]): CaseInput => ({ shape, values: numbers });
export const scalar = (value: number): CaseInput => values([], value);
export const int64 = (...numbers: number[]): Tensor => tensor('int64', [numbers.length], numbers);
export const int64s = (shape: readonly number[], ...numbers: number[]): Tensor => tensor('int64', shape, numbers);
export const bools = (shape: readonly number[], ...numbers: number[]): Tensor => tensor('bool', shape, numbers);

export const asTensor = (input: CaseInput, dtype: 'float32' | 'float64'): Tensor =>
  'data' in input ? input : tensor(dtype, input.shape, input.values);
