/** Three significant digits; powers of ten where the plain form would be long. NaN and infinities by name. */
export function readableNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text =
    size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(3))) : value.toExponential(2).replace('e+', 'e');
  return text.replaceAll('-', '−');
}
