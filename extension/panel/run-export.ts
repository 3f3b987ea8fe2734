import { activationColumns, parameterColumns, recurrenceName, rowWidth, stepColumns, type Run } from '../protocol/run';

/** Quoted where it must be (RFC 4180). */
const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The name of every column of a row: `loss`, `layers.3 std`, `layers.3.weight gradientNorm`, `rnn time 7`. */
export function columnNames({ layout }: Run['header']): string[] {
  return [
    ...stepColumns,
    ...layout.layers.flatMap(({ name }) => activationColumns.map((column) => `${name} ${column}`)),
    ...layout.parameters.flatMap(({ name }) => parameterColumns.map((column) => `${name} ${column}`)),
    ...layout.throughTime.flatMap((columns) =>
      Array.from({ length: columns.length }, (_, time) => `${recurrenceName(columns)} time ${time}`),
    ),
  ];
}

/**
 * A run as CSV, one line per step, every column of its telemetry; what is not finite reads `NaN`, `Infinity`,
 * `-Infinity`. In parts, because a long run exceeds the longest string.
 */
export function* csvOf(run: Run): Generator<string> {
  const width = rowWidth(run.header.layout);
  yield `${['step', ...columnNames(run.header)].map(cell).join(',')}\n`;
  for (let step = 0; step < run.steps; step++)
    yield `${step},${run.rows.subarray(step * width, (step + 1) * width).join(',')}\n`;
}
