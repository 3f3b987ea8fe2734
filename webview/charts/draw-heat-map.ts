import { firstAtOrAbove } from './decimate';
import type { HeatMapFigure, Series } from './figure';
import { rampTable, type Rgb } from './colors';
import type { Axis } from './figure';
import { project, unproject } from './projection';

/** What a pixel shows; of several values that fall on it, the highest code wins, so that no NaN is lost. */
export const codes = { empty: 0, zero: 1, lowest: 2, highest: 253, infinite: 254, nan: 255 } as const;

/** Colours of what is not on the ramp. */
export interface HeatMapColors {
  zero: Rgb;
  infinite: Rgb;
  nan: Rgb;
}

/** The code of a value on the colour axis. */
export function codeOf(value: number, axis: Axis): number {
  if (Number.isNaN(value)) return codes.nan;
  if (!Number.isFinite(value)) return codes.infinite;
  if (axis.scale === 'log' && value <= 0) return codes.zero;
  const place = project(axis, codes.lowest, codes.highest)(value);
  return Math.round(Math.min(codes.highest, Math.max(codes.lowest, place)));
}

/**
 * One row of pixels: of each pixel column the largest value that falls on it. A value holds until the next sample.
 * @param codesOut one code per pixel column; combined with what is there already
 */
export function fillRow(row: Series, x: Axis, value: Axis, codesOut: Uint8Array): void {
  const width = codesOut.length;
  const column = project(x, 0, width);
  const first = Math.max(0, firstAtOrAbove(row.x, row.length, x.min + 1e-9) - 1);
  for (let i = first; i < row.length;) {
    const from = Math.max(0, Math.floor(column(row.x[i]!)));
    if (from >= width) return;
    let largest = row.y[i]!;
    let special = Number.isFinite(largest) ? 0 : codeOf(largest, value);
    let next = i + 1;
    for (; next < row.length && Math.floor(column(row.x[next]!)) <= from; next++) {
      const other = row.y[next]!;
      if (other - other !== 0) special = Math.max(special, codeOf(other, value));
      else if (!(other <= largest)) largest = other;
    }
    const end = next < row.length ? Math.floor(column(row.x[next]!)) : Math.ceil(column(row.x[next - 1]! + 1));
    const code = special || codeOf(largest, value);
    for (let pixel = from; pixel < Math.min(width, Math.max(end, from + 1)); pixel++)
      if (code > codesOut[pixel]!) codesOut[pixel] = code;
    i = next;
  }
}

/** RGBA of every code. */
export function palette({ zero, infinite, nan }: HeatMapColors): Uint8ClampedArray {
  const colors = new Uint8ClampedArray(256 * 4);
  colors.set(rampTable());
  colors.set([0, 0, 0, 0], codes.empty * 4);
  colors.set([...zero, 255], codes.zero * 4);
  colors.set([...infinite, 255], codes.infinite * 4);
  colors.set([...nan, 255], codes.nan * 4);
  return colors;
}

/**
 * Paints the part of a heat map that the axes show into an image, and yields after each row of the figure.
 * @param image RGBA of `width` × `height` pixels
 */
export function* paintHeatMap(
  figure: HeatMapFigure,
  x: Axis,
  y: Axis,
  image: Uint8ClampedArray,
  width: number,
  height: number,
  colors: Uint8ClampedArray,
): Generator<void> {
  const rowAt = unproject(y, y.reverse ? 0 : height, y.reverse ? height : 0);
  const words = new Uint32Array(image.buffer, image.byteOffset, width * height);
  const colorWords = new Uint32Array(colors.buffer, colors.byteOffset, 256);
  const line = new Uint8Array(width);
  /** The rows of the figure that fall on a row of pixels. */
  const rowsAt = (pixel: number): readonly [first: number, last: number] => {
    const [from, to] = [rowAt(pixel), rowAt(pixel + 1)].sort((a, b) => a - b) as [number, number];
    return [
      Math.max(0, Math.floor(from + 0.5 + 1e-6)),
      Math.min(figure.rows.length - 1, Math.ceil(to + 0.5 - 1e-6) - 1),
    ];
  };
  let pixel = 0;
  while (pixel < height) {
    const [first, last] = rowsAt(pixel);
    line.fill(codes.empty);
    for (let row = first; row <= last; row++) {
      fillRow(figure.rows[row]!, x, figure.value, line);
      yield;
    }
    const begin = pixel * width;
    for (let column = 0; column < width; column++) words[begin + column] = colorWords[line[column]!]!;
    // The same row of the figure often covers several rows of pixels.
    let repeats = 1;
    while (pixel + repeats < height && first === last && rowsAt(pixel + repeats).every((row) => row === first)) {
      words.copyWithin(begin + repeats * width, begin, begin + width);
      repeats++;
    }
    pixel += repeats;
  }
}
