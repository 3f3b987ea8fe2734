/** Line icons on a grid of 16. */
const paths = {
  play: 'M4.5 2.5v11l9-5.5z',
  pause: 'M5 3v10M11 3v10',
  zoomIn: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3l3.7 3.7M7 5v4M5 7h4',
  zoomOut: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.3 10.3l3.7 3.7M5 7h4',
  reset: 'M2.5 6V2.5H6M13.5 6V2.5H10M2.5 10v3.5H6M13.5 10v3.5H10',
  table: 'M2 3h12v10H2zM2 6.5h12M2 9.8h12M6.5 3v10',
  export: 'M8 2v8M4.5 6.8 8 10.3l3.5-3.5M2.5 13.5h11',
  stop: 'M4 4h8v8H4z',
  editor: 'M9 2.5h4.5V7M13.5 2.5 8 8M6.5 3.5h-4v10h10v-4',
  compare: 'M2 2v12h12M4.5 9.5l3-4 3 2L14 3M4.5 12l3-1.5 3 .8L14 9',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6a2 2 0 1 1 0 4 2 2 0 0 1 0-4',
  eyeClosed: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M2.5 13.5l11-11',
  isolate: 'M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3M8 1v4M8 11v4M1 8h4M11 8h4',
  freeze: 'M8 1.5v13M2.4 4.7l11.2 6.6M13.6 4.7 2.4 11.3M6 2.5l2 1.7 2-1.7M6 13.5l2-1.7 2 1.7',
  source: 'M5.5 4 1.5 8l4 4M10.5 4l4 4-4 4',
  chevron: 'M6 3.5 10.5 8 6 12.5',
  close: 'M4 4l8 8M12 4l-8 8',
  error: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M5.5 5.5l5 5M10.5 5.5l-5 5',
  warning: 'M8 2 14.5 13.5h-13zM8 6.5V10M8 11.5v.8',
  information: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M8 7v4.5M8 4.5v.8',
  healthy: 'M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13M5 8.2l2.2 2.2L11 6',
  improved: 'M8 13V3.5M3.8 7.7 8 3.5l4.2 4.2',
  noEffect: 'M3 6h10M3 10h10',
  skipped: 'M3.5 8h9',
  running: 'M8 1.5a6.5 6.5 0 0 1 6.5 6.5',
  previous: 'M10 3.5 5.5 8l4.5 4.5',
  latest: 'M3 3v10l6-5zM11.5 3v10',
} as const;

export type IconName = keyof typeof paths;

const svg = 'http://www.w3.org/2000/svg';

/** An icon in the colour of the text around it; decoration, so that what it is on needs a label. */
export function icon(name: IconName): SVGSVGElement {
  const made = document.createElementNS(svg, 'svg');
  const path = document.createElementNS(svg, 'path');
  for (const [key, value] of Object.entries({ viewBox: '0 0 16 16', width: '16', height: '16', 'aria-hidden': 'true' }))
    made.setAttribute(key, value);
  made.classList.add('icon', `icon-${name}`);
  for (const [key, value] of Object.entries({
    d: paths[name],
    fill: name === 'play' || name === 'stop' ? 'currentColor' : 'none',
    stroke: 'currentColor',
    'stroke-width': '1.2',
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  }))
    path.setAttribute(key, value);
  made.append(path);
  return made;
}
