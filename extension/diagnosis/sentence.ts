/** Numbers and names as findings put them into sentences. */
import type { Translate } from '../protocol/text';

/** Two significant digits, powers of ten where the plain form would be long. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'infinity' : 'minus infinity';
  const size = Math.abs(value);
  return size === 0 || (size >= 1e-3 && size < 1e5)
    ? String(Number(value.toPrecision(3)))
    : value.toExponential(1).replace('.0e', 'e').replace('e+', 'e');
}

export const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** "layers.0", "layers.0 and layers.1", "layers.0, layers.1 and 7 more". */
export function names([first = '', second = '', third = '', ...others]: readonly string[], t: Translate): string {
  if (second === '') return first;
  if (third === '') return t('{0} and {1}', first, second);
  return others.length === 0
    ? t('{0}, {1} and {2}', first, second, third)
    : t('{0}, {1} and {2} more', first, second, others.length + 1);
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
