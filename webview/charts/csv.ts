import { figureLines, type Figure, type Series } from './figure';

/** Quoted where it must be (RFC 4180). */
export const csvCell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A figure as rows and columns: one column per line, one row per position. */
export interface FigureTable {
  columns: readonly string[];
  /** Number of rows. */
  length: number;
  /** The cells of a row: its position first; `undefined` where a line has no point there. */
  row(index: number): readonly (number | string | undefined)[];
}

/** What a figure shows, as a table of numbers. */
export function tableOf(figure: Figure): FigureTable {
  const lines: readonly (Series & { name: string })[] =
    figure.kind === 'lines'
      ? figureLines(figure).map((line) => ({ ...line, name: line.label }))
      : figure.rows.map((row, index) => ({ ...row, name: figure.y.names?.[index] ?? String(index) }));
  // Lines of one run share their positions.
  const axes = new Map<ArrayLike<number>, Map<number, number>>();
  for (const { x, length } of lines) {
    const places = axes.get(x) ?? new Map<number, number>();
    for (let i = places.size; i < length; i++) places.set(x[i]!, i);
    axes.set(x, places);
  }
  const positions = [...new Set([...axes.values()].flatMap((places) => [...places.keys()]))].sort((a, b) => a - b);
  return {
    columns: [figure.x.label, ...lines.map(({ name }) => name)],
    length: positions.length,
    row(index) {
      const position = positions[index]!;
      const values = lines.map(({ x, y, length }) => {
        const place = axes.get(x)!.get(position);
        return place === undefined || place >= length ? undefined : y[place]!;
      });
      return [figure.x.names?.[position] ?? position, ...values];
    },
  };
}

/** A figure as CSV. What is not finite reads `NaN`, `Infinity`, `-Infinity`. */
export function csvOfFigure(figure: Figure): string {
  const table = tableOf(figure);
  const lines = [table.columns.map(csvCell).join(',')];
  for (let index = 0; index < table.length; index++)
    lines.push(
      table
        .row(index)
        .map((value) => (value === undefined ? '' : csvCell(String(value))))
        .join(','),
    );
  return `${lines.join('\n')}\n`;
}
