/** Numbers and names as findings put them into sentences. */

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
export function names(layers: readonly string[]): string {
  if (layers.length <= 2) return layers.join(' and ');
  return layers.length === 3
    ? `${layers[0]!}, ${layers[1]!} and ${layers[2]!}`
    : `${layers[0]!}, ${layers[1]!} and ${layers.length - 2} more`;
}

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
