import { decimate } from './decimate';
import type { Axis, Line } from './figure';
import { markOf, placed, type Mark } from './log-axis';
import { project } from './projection';

/** A rectangle of a canvas, in CSS pixels. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Frame {
  area: Area;
  x: Axis;
  y: Axis;
}

export interface Stroke {
  color: string;
  width: number;
  alpha: number;
}

/** The points of a line in pixels; NaN in `y` interrupts it. What has no place on the axis is a mark. */
export interface Path {
  x: Float64Array;
  y: Float64Array;
  /** Index into x and y of the line's own data. */
  source: Uint32Array;
  marks: { x: number; y: number; mark: Mark }[];
}

/** A line as it is drawn in this frame: thinned to the pixels there are, its extremes kept. */
export function pathOf(line: Line, { area, x, y }: Frame): Path {
  const horizontal = project(x, area.left, area.left + area.width);
  const vertical = project(y, area.top + area.height, area.top);
  const source = decimate(line, x.min, x.max, Math.round(area.width));
  const path: Path = { x: new Float64Array(source.length), y: new Float64Array(source.length), source, marks: [] };
  source.forEach((index, i) => {
    const value = line.y[index]!;
    const mark = markOf(value, y);
    path.x[i] = horizontal(line.x[index]!);
    const place = vertical(placed(value, y));
    // A zero on a log axis is drawn to its floor; what is not a number interrupts the line.
    path.y[i] = mark === 'nan' || mark === 'infinite' ? NaN : place;
    if (mark) path.marks.push({ x: path.x[i], y: place, mark });
  });
  return path;
}

/** As many marks as can be told apart: one of a kind every few pixels. */
export function sparseMarks(marks: Path['marks'], distance = 8): Path['marks'] {
  const last = new Map<Mark, number>();
  return marks.filter(({ x, mark }) => {
    if (x - (last.get(mark) ?? -Infinity) < distance) return false;
    last.set(mark, x);
    return true;
  });
}

/** Draws one line, its points where it has them, and its marks. */
export function drawLine(g: CanvasRenderingContext2D, line: Line, frame: Frame, stroke: Stroke): void {
  const path = pathOf(line, frame);
  g.globalAlpha = stroke.alpha;
  g.strokeStyle = stroke.color;
  g.lineWidth = stroke.width;
  g.setLineDash([...(line.dash ?? [])]);
  g.beginPath();
  let down = false;
  for (let i = 0; i < path.x.length; i++) {
    const y = path.y[i]!;
    if (Number.isNaN(y)) down = false;
    else if (down) g.lineTo(path.x[i]!, y);
    else {
      g.moveTo(path.x[i]!, y);
      down = true;
    }
  }
  g.stroke();
  g.setLineDash([]);
  if (line.points || path.x.length === 1)
    path.source.forEach((index, i) => {
      if (Number.isNaN(path.y[i]!)) return;
      g.fillStyle = line.points?.(index) ?? stroke.color;
      g.beginPath();
      g.arc(path.x[i]!, path.y[i]!, Math.min(3.5, Math.max(1.5, frame.area.width / path.x.length / 3)), 0, 2 * Math.PI);
      g.fill();
    });
  for (const mark of sparseMarks(path.marks)) drawMark(g, mark, stroke.color);
  g.globalAlpha = 1;
}

const size = 4;

function drawMark(g: CanvasRenderingContext2D, { x, y, mark }: Path['marks'][number], color: string): void {
  g.strokeStyle = color;
  g.lineWidth = 1.5;
  g.beginPath();
  for (const [index, [dx, dy]] of markShape(mark).entries())
    if (index === 0 || (mark === 'nan' && index === 2)) g.moveTo(x + dx, y + dy);
    else g.lineTo(x + dx, y + dy);
  g.stroke();
}

/** The outline of a mark about its place: triangles that point to where the value is, a cross for no number. */
export function markShape(mark: Mark): readonly (readonly [dx: number, dy: number])[] {
  switch (mark) {
    case 'zero':
      return [
        [-size, -2 * size],
        [size, -2 * size],
        [0, -1],
        [-size, -2 * size],
      ];
    case 'infinite':
      return [
        [-size, 2 * size],
        [size, 2 * size],
        [0, 1],
        [-size, 2 * size],
      ];
    case 'nan':
      return [
        [-size, 2],
        [size, 2 + 2 * size],
        [size, 2],
        [-size, 2 + 2 * size],
      ];
  }
}
