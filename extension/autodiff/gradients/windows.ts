/** Where the windows of a convolution or a pooling lie on its image. */
import type { Shape } from '../../onnx/tensor';
import type { RuleContext } from '../rule';
import { range } from './support';

/** One number per axis of space. */
export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before the image. */
  readonly before: readonly number[];
  /** How far the last window reaches beyond the image; negative where it leaves some of the image out. */
  readonly after: readonly number[];
}

/**
 * The windows that `image` is seen through, one for each position of `positions`.
 * @param image spatial sizes: of the input, or of the output of a transposed operator
 * @param positions spatial sizes of the other side
 */
export function windowsOf(
  c: RuleContext,
  kernel: readonly number[],
  image: Shape,
  positions: Shape,
  padding: 'forward' | 'transposed' = 'forward',
): Windows {
  const ones = kernel.map(() => 1);
  const strides = c.ints('strides', ones);
  const dilations = c.ints('dilations', ones);
  // What the windows cover together, from the start of the first to the end of the last.
  const covered = positions.map((count, i) => (count - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1);
  const missing = covered.map((length, i) => length - image[i]!);
  const before = padding === 'forward' ? paddingBefore(c, missing) : transposedPaddingBefore(c, missing);
  return { kernel, strides, dilations, before, after: missing.map((length, i) => length - before[i]!) };
}

function paddingBefore(c: RuleContext, missing: readonly number[]): readonly number[] {
  switch (c.string('auto_pad', 'NOTSET')) {
    case 'SAME_UPPER':
      return missing.map((length) => Math.floor(Math.max(0, length) / 2));
    case 'SAME_LOWER':
      return missing.map((length) => Math.ceil(Math.max(0, length) / 2));
    case 'VALID':
      return missing.map(() => 0);
    default:
      return givenPads(c, missing);
  }
}

function transposedPaddingBefore(c: RuleContext, missing: readonly number[]): readonly number[] {
  const automatic = c.string('auto_pad', 'NOTSET');
  if (automatic === 'VALID') return missing.map(() => 0);
  if (automatic === 'NOTSET' && c.ints('output_shape', []).length === 0) return givenPads(c, missing);
  const extra = c.ints('output_padding', []);
  const total = missing.map((length, i) => Math.max(0, length + (extra[i] ?? 0)));
  return total.map((length) => (automatic === 'SAME_UPPER' ? Math.floor(length / 2) : Math.ceil(length / 2)));
}

const givenPads = (c: RuleContext, axes: readonly number[]): readonly number[] =>
  c.ints('pads', [...axes, ...axes].fill(0)).slice(0, axes.length);

/** The pads of an operator whose windows these are, none negative. */
export const padsOf = ({ before, after }: Windows): number[] => [
  ...before,
  ...after.map((length) => Math.max(0, length)),
];

/** Every position within a kernel, the last axis fastest. */
export const offsets = (kernel: readonly number[]): number[][] =>
  kernel.reduce<number[][]>((heads, length) => heads.flatMap((head) => range(length).map((at) => [...head, at])), [[]]);
