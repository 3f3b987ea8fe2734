/** A figure as a standalone SVG picture: for export, and for readers without the extension. */
import { cssColor, ramp, type Rgb } from './colors';
import { codes, fillRow } from './draw-heat-map';
import { markShape, pathOf, sparseMarks, type Area } from './draw-lines';
import type { Axis, Figure, HeatMapFigure, Line } from './figure';
import { shortName } from './figures';
import { axisTicks } from './log-axis';
import { project } from './projection';

export interface SvgOptions {
  width: number;
  height: number;
  background: string;
  foreground: string;
  muted: string;
  grid: string;
  zero: Rgb;
  infinite: Rgb;
  nan: Rgb;
  fontFamily: string;
}

/** Readable on white paper and in a code review. */
export const paper: SvgOptions = {
  width: 720,
  height: 320,
  background: '#ffffff',
  foreground: '#24292f',
  muted: '#57606a',
  grid: '#d8dee4',
  zero: [208, 215, 222],
  infinite: [219, 109, 40],
  nan: [207, 34, 46],
  fontFamily: 'sans-serif',
};

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escapeXml = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => escapes[character]!);

const round = (pixel: number): string => String(Math.round(pixel * 10) / 10);

const label = (x: number, y: number, text: string, attributes: string): string =>
  `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escapeXml(text)}</text>`;

/** More lines than this have no legend: their colour tells their depth. */
const legendLimit = 8;

/** The lines that a picture names. */
export function legendLines(figure: Figure): readonly Line[] {
  const lines = figure.kind === 'lines' ? [...figure.lines, ...(figure.right?.lines ?? [])] : [];
  return lines.length <= legendLimit ? lines : [];
}

/** The whole figure without zoom. Size in CSS pixels. */
export function svgOf(figure: Figure, options: SvgOptions = paper): string {
  const { width, height, foreground, muted, background, fontFamily } = options;
  const legend = legendLines(figure);
  const rightAxis = figure.kind === 'lines' ? figure.right : undefined;
  const left = figure.y.names ? 132 : 64;
  const area: Area = {
    left,
    top: legend.length > 0 ? 52 : 34,
    width: width - left - (rightAxis || figure.kind === 'heat-map' ? 72 : 16),
    height: height - 46 - (legend.length > 0 ? 52 : 34),
  };
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(figure.title)}" font-family="${escapeXml(fontFamily)}" font-size="11">`,
    `<title>${escapeXml(figure.title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${background}"/>`,
    label(12, 20, figure.title, `fill="${foreground}" font-size="13" font-weight="600"`),
    ...legendOf(legend, area, muted),
    ...axes(figure, area, options),
    `<clipPath id="area"><rect x="${area.left}" y="${area.top}" width="${area.width}" height="${area.height}"/></clipPath>`,
  ];
  if (figure.kind === 'heat-map') parts.push(...heatMap(figure, area, options), ...colorScale(figure, area, options));
  else {
    parts.push('<g clip-path="url(#area)" fill="none">');
    for (const line of figure.lines) parts.push(...drawn(line, figure.x, figure.y, area));
    for (const line of rightAxis?.lines ?? []) parts.push(...drawn(line, figure.x, rightAxis!.axis, area));
    parts.push('</g>');
  }
  return `${parts.join('')}</svg>`;
}

function legendOf(lines: readonly Line[], area: Area, color: string): string[] {
  const parts: string[] = [];
  let x = area.left;
  for (const { label: text, color: stroke, dash } of lines) {
    const dashes = dash ? ` stroke-dasharray="${dash.join(' ')}"` : '';
    parts.push(
      `<path d="M${round(x)} 36h18" stroke="${stroke}" stroke-width="2"${dashes}/>`,
      label(x + 23, 40, shortName(text, 28), `fill="${color}"`),
    );
    x += 38 + Math.min(28, text.length) * 6;
  }
  return parts;
}

function axes(figure: Figure, area: Area, { grid, muted }: SvgOptions): string[] {
  const parts: string[] = [];
  const bottom = area.top + area.height;
  const right = area.left + area.width;
  const horizontal = project(figure.x, area.left, right);
  for (const { value, label: text } of axisTicks(figure.x, Math.floor(area.width / (figure.x.names ? 90 : 70)))) {
    const x = horizontal(value);
    parts.push(
      `<path d="M${round(x)} ${area.top}V${round(bottom)}" stroke="${grid}"/>`,
      label(x, bottom + 15, shortName(text), `fill="${muted}" text-anchor="middle"`),
    );
  }
  parts.push(label(area.left + area.width / 2, bottom + 34, figure.x.label, `fill="${muted}" text-anchor="middle"`));
  const vertical = project(figure.y, ...verticalEnds(figure.y, area));
  for (const { value, label: text } of axisTicks(figure.y, Math.floor(area.height / (figure.y.names ? 16 : 30)))) {
    const y = vertical(value);
    parts.push(
      `<path d="M${area.left} ${round(y)}H${round(right)}" stroke="${grid}"/>`,
      label(area.left - 6, y + 4, shortName(text), `fill="${muted}" text-anchor="end"`),
    );
  }
  const middle = area.top + area.height / 2;
  parts.push(
    label(
      14,
      middle,
      figure.y.label,
      `fill="${muted}" text-anchor="middle" transform="rotate(-90 14 ${round(middle)})"`,
    ),
  );
  if (figure.kind === 'lines') {
    for (const { y, label: text } of figure.guides ?? []) {
      const place = vertical(y);
      if (place < area.top || place > bottom) continue;
      parts.push(
        `<path d="M${area.left} ${round(place)}H${round(right)}" stroke="${muted}" stroke-dasharray="2 4"/>`,
        label(right - 4, place - 4, text, `fill="${muted}" text-anchor="end"`),
      );
    }
    if (figure.right) parts.push(...rightAxisOf(figure.right.axis, area, muted));
  }
  return parts;
}

const verticalEnds = (axis: Axis, { top, height }: Area): [number, number] =>
  axis.reverse ? [top, top + height] : [top + height, top];

function rightAxisOf(axis: Axis, area: Area, color: string): string[] {
  const right = area.left + area.width;
  const vertical = project(axis, ...verticalEnds(axis, area));
  const middle = area.top + area.height / 2;
  return [
    ...axisTicks(axis, Math.floor(area.height / 30)).map(({ value, label: text }) =>
      label(right + 6, vertical(value) + 4, text, `fill="${color}"`),
    ),
    label(
      right + 60,
      middle,
      axis.label,
      `fill="${color}" text-anchor="middle" transform="rotate(90 ${right + 60} ${round(middle)})"`,
    ),
  ];
}

function drawn(line: Line, x: Axis, y: Axis, area: Area): string[] {
  const path = pathOf(line, { area, x, y });
  let commands = '';
  let down = false;
  for (let i = 0; i < path.x.length; i++) {
    const place = path.y[i]!;
    if (Number.isNaN(place)) down = false;
    else {
      commands += `${down ? 'L' : 'M'}${round(path.x[i]!)} ${round(place)}`;
      down = true;
    }
  }
  const parts: string[] = [];
  const dashes = line.dash ? ` stroke-dasharray="${line.dash.join(' ')}"` : '';
  if (commands)
    parts.push(
      `<path d="${commands}" stroke="${line.color}" stroke-width="${line.width ?? 1.25}" stroke-linejoin="round"${dashes}/>`,
    );
  if (line.points || path.x.length === 1)
    path.source.forEach((index, i) => {
      if (!Number.isNaN(path.y[i]!))
        parts.push(
          `<circle cx="${round(path.x[i]!)}" cy="${round(path.y[i]!)}" r="2.5" fill="${line.points?.(index) ?? line.color}"/>`,
        );
    });
  for (const mark of sparseMarks(path.marks)) {
    const shape = markShape(mark.mark).map(([dx, dy]) => `${round(mark.x + dx)} ${round(mark.y + dy)}`);
    const outline =
      mark.mark === 'nan' ? `M${shape[0]!}L${shape[1]!}M${shape[2]!}L${shape[3]!}` : `M${shape.join('L')}`;
    parts.push(`<path d="${outline}" stroke="${line.color}" stroke-width="1.5"/>`);
  }
  return parts;
}

/** So many cells at most, along and down. */
const cells = { columns: 240, rows: 120 };

function heatMap(figure: HeatMapFigure, area: Area, options: SvgOptions): string[] {
  const columns = Math.min(cells.columns, Math.round(area.width));
  const rows = Math.min(cells.rows, figure.rows.length);
  if (rows === 0) return [];
  const paths = new Map<number, string>();
  const line = new Uint8Array(columns);
  for (let row = 0; row < rows; row++) {
    line.fill(codes.empty);
    const first = Math.floor((row * figure.rows.length) / rows);
    const end = Math.max(first + 1, Math.floor(((row + 1) * figure.rows.length) / rows));
    for (const series of figure.rows.slice(first, end)) fillRow(series, figure.x, figure.value, line);
    for (let column = 0; column < columns;) {
      const code = line[column]!;
      let next = column + 1;
      while (next < columns && line[next] === code) next++;
      if (code !== codes.empty)
        paths.set(code, `${paths.get(code) ?? ''}M${column} ${row}h${next - column}v1h-${next - column}z`);
      column = next;
    }
  }
  const scale = `translate(${area.left} ${area.top}) scale(${area.width / columns} ${area.height / rows})`;
  const vertical = figure.y.reverse ? scale : `${scale} matrix(1 0 0 -1 0 ${rows})`;
  return [
    `<g transform="${vertical}" shape-rendering="crispEdges">`,
    ...[...paths].map(([code, d]) => `<path d="${d}" fill="${codeColor(code, options)}"/>`),
    '</g>',
  ];
}

function codeColor(code: number, { zero, infinite, nan }: SvgOptions): string {
  if (code === codes.nan) return cssColor(nan);
  if (code === codes.infinite) return cssColor(infinite);
  if (code === codes.zero) return cssColor(zero);
  return cssColor(ramp(code / 255));
}

function colorScale({ value }: HeatMapFigure, area: Area, { muted }: SvgOptions): string[] {
  const x = area.left + area.width + 12;
  const steps = 32;
  const vertical = project(value, area.top + area.height, area.top);
  return [
    ...Array.from({ length: steps }, (_, i) => {
      const height = area.height / steps;
      return `<rect x="${x}" y="${round(area.top + area.height - (i + 1) * height)}" width="10" height="${round(height + 0.5)}" fill="${cssColor(ramp((i + 0.5) / steps))}"/>`;
    }),
    ...axisTicks(value, 6).map(({ value: tick, label: text }) =>
      label(x + 14, vertical(tick) + 4, text, `fill="${muted}"`),
    ),
  ];
}
