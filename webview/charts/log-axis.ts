/**
 * Gradients span decades, and some have no logarithm at all. A zero, a NaN or an infinity is given a place of its own
 * on the axis, at its floor or its top, and a mark that says which it is.
 */
import type { Axis } from './figure';

export type Mark = 'zero' | 'nan' | 'infinite';

export const markSymbols: Readonly<Record<Mark, string>> = { zero: '▽', nan: '✕', infinite: '△' };

/** What a value is when it has no place of its own on the axis. */
export function markOf(value: number, axis: Pick<Axis, 'scale'>): Mark | undefined {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return 'infinite';
  return axis.scale === 'log' && value === 0 ? 'zero' : undefined;
}

/** The marks that a chart of these values shows. */
export const marksIn = ({ zero, nan, infinite }: Extent, scale: Axis['scale']): Mark[] => [
  ...(zero && scale === 'log' ? (['zero'] as const) : []),
  ...(nan ? (['nan'] as const) : []),
  ...(infinite ? (['infinite'] as const) : []),
];

/** The value at which to draw: the axis' ends for what has no place of its own. */
export function placed(value: number, { scale, min, max }: Pick<Axis, 'scale' | 'min' | 'max'>): number {
  if (Number.isNaN(value) || value === Infinity) return max;
  if (value === -Infinity) return min;
  return scale === 'log' ? Math.max(min, value) : value;
}

/** What is known of the size of many values. */
export interface Extent {
  /** Of the finite values. */
  min: number;
  max: number;
  /** Of the finite values above zero. */
  minPositive: number;
  /** Whether there are values that a log axis has no place for. */
  zero: boolean;
  nan: boolean;
  infinite: boolean;
}

export const emptyExtent = (): Extent => ({
  min: Infinity,
  max: -Infinity,
  minPositive: Infinity,
  zero: false,
  nan: false,
  infinite: false,
});

export function extend(extent: Extent, value: number): void {
  if (value === 0) extent.zero = true;
  if (!Number.isFinite(value)) {
    if (Number.isNaN(value)) extent.nan = true;
    else extent.infinite = true;
    return;
  }
  if (value < extent.min) extent.min = value;
  if (value > extent.max) extent.max = value;
  if (value > 0 && value < extent.minPositive) extent.minPositive = value;
}

export const union = (extents: Iterable<Extent>): Extent =>
  [...extents].reduce(
    (all, one) => ({
      min: Math.min(all.min, one.min),
      max: Math.max(all.max, one.max),
      minPositive: Math.min(all.minPositive, one.minPositive),
      zero: all.zero || one.zero,
      nan: all.nan || one.nan,
      infinite: all.infinite || one.infinite,
    }),
    emptyExtent(),
  );

/** Whole decades around the positive values, with room for the marks; at least two decades. */
export function logBounds({ minPositive, max }: Extent): { min: number; max: number } {
  if (!(minPositive <= max)) return { min: 1e-3, max: 1 };
  const low = Math.floor(Math.log10(minPositive) - 0.15);
  const high = Math.ceil(Math.log10(max) + 0.15);
  return { min: 10 ** low, max: 10 ** Math.max(high, low + 2) };
}

/** Around the values, with a little air. Shares (`within`) keep their natural ends. */
export function linearBounds(
  { min, max }: Extent,
  within?: { min: number; max: number },
): { min: number; max: number } {
  if (within) return within;
  if (!(min <= max)) return { min: 0, max: 1 };
  const air = max > min ? (max - min) * 0.05 : Math.abs(max) * 0.1 || 1;
  return { min: min >= 0 ? Math.max(0, min - air) : min - air, max: max + air };
}

/** Decades to label, so many that at most `limit` fit: 1e-8, 1e-6, … */
export function decades(min: number, max: number, limit: number): number[] {
  const low = Math.ceil(Math.log10(min) - 1e-9);
  const high = Math.floor(Math.log10(max) + 1e-9);
  const step = [1, 2, 3, 5, 10, 20].find((size) => (high - low) / size < limit) ?? 50;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.max(0, Math.floor((high - first) / step) + 1) }, (_, i) => 10 ** (first + i * step));
}

const superscripts: Readonly<Record<string, string>> = {
  '-': '⁻',
  '0': '⁰',
  '1': '¹',
  '2': '²',
  '3': '³',
  '4': '⁴',
  '5': '⁵',
  '6': '⁶',
  '7': '⁷',
  '8': '⁸',
  '9': '⁹',
};

/** 10⁻⁷ for a power of ten; the plain number from 0.01 to 100. */
export function decadeLabel(value: number): string {
  const exponent = Math.round(Math.log10(value));
  if (exponent >= -2 && exponent <= 2) return String(Number(value.toPrecision(1)));
  return `10${String(exponent).replaceAll(/./g, (digit) => superscripts[digit]!)}`;
}

/** Evenly spaced round numbers, at most `limit`. */
export function roundTicks(min: number, max: number, limit: number, whole = false): number[] {
  if (!(max > min)) return [min];
  const rough = (max - min) / Math.max(1, limit - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = Math.max(
    whole ? 1 : 0,
    [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough)!,
  );
  const first = Math.ceil(min / size - 1e-9);
  const last = Math.floor(max / size + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * size).toPrecision(12)));
}

/** The ticks of an axis and their labels. */
export function axisTicks(axis: Axis, limit: number): { value: number; label: string }[] {
  if (axis.scale === 'log')
    return decades(axis.min, axis.max, limit).map((value) => ({ value, label: decadeLabel(value) }));
  const whole = axis.names !== undefined;
  return roundTicks(axis.min, axis.max, limit, whole).map((value) => ({
    value,
    label: axis.names ? (axis.names[value] ?? '') : tickLabel(value),
  }));
}

const tickLabel = (value: number): string => {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential() : String(value);
  return text.replaceAll('-', '−').replace('e+', 'e');
};
