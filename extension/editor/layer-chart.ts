/** The small chart of a layer hover, as SVG. Pure, so that a test can read it. */

export interface ChartColors {
  line: string;
  text: string;
  grid: string;
}

/** Legible on the hover's background of each kind of theme. */
export const chartColors = (kind: 'light' | 'dark' | 'high-contrast'): ChartColors =>
  ({
    light: { line: '#0063b1', text: '#3b3b3b', grid: '#c8c8c8' },
    dark: { line: '#4fc1ff', text: '#cccccc', grid: '#4a4a4a' },
    'high-contrast': { line: '#ffff00', text: '#ffffff', grid: '#ffffff' },
  })[kind];

const width = 320;
const height = 96;
const left = 44;
const right = 8;
const top = 8;
const bottom = 18;

const escaped = (text: string): string => text.replace(/[<>&"]/g, (found) => `&#${found.charCodeAt(0)};`);

const power = (exponent: number): string => `1e${exponent}`;

/**
 * A curve on a logarithmic axis.
 * @param values from left to right; zero and what is not finite has no height and is marked on the edge instead
 * @param axis what goes from left to right, and what stands at both ends
 */
export function chartOf(
  values: readonly number[],
  axis: { name: string; first: string; last: string },
  { line, text, grid }: ChartColors,
): string {
  const shown = values.filter((value) => Number.isFinite(value) && value > 0).map(Math.log10);
  const low = Math.floor(Math.min(...shown, Infinity));
  const high = Math.max(Math.ceil(Math.max(...shown, -Infinity)), low + 1);
  const hasScale = Number.isFinite(low) && Number.isFinite(high);
  const x = (index: number): number =>
    left + (values.length > 1 ? (index / (values.length - 1)) * (width - left - right) : (width - left - right) / 2);
  const y = (value: number): number => top + ((high - Math.log10(value)) / (high - low)) * (height - top - bottom);
  const parts: string[] = [];
  let path = '';
  let isOpen = false;
  for (const [index, value] of values.entries()) {
    if (Number.isFinite(value) && value > 0) {
      path += `${isOpen ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      isOpen = true;
      continue;
    }
    isOpen = false;
    // Below the scale for zero, above it for numbers that are not finite.
    const at = value === 0 ? height - bottom : top;
    parts.push(`<path d="M${(x(index) - 2).toFixed(1)} ${at - 2}l4 4m0 -4l-4 4" stroke="${text}" fill="none"/>`);
  }
  const label = (at: number, content: string, anchor: string, row: number): string =>
    `<text x="${at}" y="${row}" text-anchor="${anchor}" fill="${text}">${escaped(content)}</text>`;
  const scale = hasScale
    ? [label(left - 4, power(high), 'end', top + 4), label(left - 4, power(low), 'end', height - bottom + 3)]
    : [];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="10">`,
    `<path d="M${left} ${top}V${height - bottom}H${width - right}" stroke="${grid}" fill="none"/>`,
    ...scale,
    label(left, axis.first, 'start', height - 5),
    label((left + width - right) / 2, axis.name, 'middle', height - 5),
    label(width - right, axis.last, 'end', height - 5),
    ...(path ? [`<path d="${path}" stroke="${line}" stroke-width="1.5" fill="none"/>`] : []),
    ...values.flatMap((value, index) =>
      values.length <= 60 && Number.isFinite(value) && value > 0
        ? [`<circle cx="${x(index).toFixed(1)}" cy="${y(value).toFixed(1)}" r="1.7" fill="${line}"/>`]
        : [],
    ),
    ...parts,
    '</svg>',
  ].join('');
}

export const dataUri = (svg: string): string => `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
