/** What a chart shows, apart from how: the same figure is drawn on a canvas, written as SVG or CSV, and read as a table. */

import type { Mark } from './log-axis';

export interface Axis {
  label: string;
  scale: 'linear' | 'log';
  /** Of what is shown without zoom, in data units. */
  min: number;
  max: number;
  /** Names of whole numbers on this axis, such as those of layers; index 0 is at 0. */
  names?: readonly string[];
  /** The axis grows downwards. */
  reverse?: boolean;
  /** Kinds of values among those shown that have no place on the axis. */
  marks?: readonly Mark[];
}

/** Values over ascending positions; both may be longer than `length`. Values may be 0, NaN or infinite. */
export interface Series {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
  length: number;
}

export interface Line extends Series {
  label: string;
  /** CSS colour. */
  color: string;
  /** The run that it belongs to and what it is of that run, where several runs are compared. */
  run?: string;
  part?: string;
  /** Index of the layer that it belongs to, in the figure's run. */
  layer?: number;
  dash?: readonly number[];
  width?: number;
  /** Draws its points, each in its own colour where the function says so. */
  points?: (index: number) => string;
}

export interface LineFigure {
  kind: 'lines';
  title: string;
  /** The layer that runs are compared by. */
  subject?: string;
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  /** Values that a reader measures by, such as the update ratio that is held to be healthy. */
  guides?: readonly { y: number; label: string }[];
  /** A second quantity on its own axis at the right. */
  right?: { axis: Axis; lines: readonly Line[] };
}

/** Values over x for each row, row 0 at the top. */
export interface HeatMapFigure {
  kind: 'heat-map';
  title: string;
  x: Axis;
  y: Axis;
  /** What the colour means. */
  value: Axis;
  rows: readonly Series[];
}

export type Figure = LineFigure | HeatMapFigure;

export const figureLines = (figure: LineFigure): readonly Line[] => [...figure.lines, ...(figure.right?.lines ?? [])];
