export interface Column {
  head: string;
  align?: 'left' | 'right';
}

/** Columns as wide as their longest cell, two spaces apart. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ head }, i) => Math.max(head.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (columns[i]!.align === 'right' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ head }) => head)), ...rows.map(line)].join('\n');
}

const blocks = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/**
 * Magnitudes as bars on a common logarithmic scale: the longest is `width` characters, the shortest a sliver. A zero
 * and what is not finite have no place on such a scale and are written out.
 */
export function logarithmicBars(values: readonly number[], width: number): string[] {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const top = Math.max(...logs);
  // At least four decades, or noise between equal layers would look like a slope.
  const bottom = Math.min(Math.min(...logs), top - 4);
  return values.map((value) => {
    if (Number.isNaN(value)) return '';
    if (value === 0) return '0';
    if (!Number.isFinite(value)) return '∞';
    const eighths = Math.max(1, Math.round((8 * width * (Math.log10(value) - bottom)) / (top - bottom)));
    return '█'.repeat(eighths >> 3) + blocks[eighths & 7]!;
  });
}
