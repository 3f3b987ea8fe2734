/** Colours that stay apart for colour-blind eyes and against the background of the theme. */

export const themeKinds = ['light', 'dark', 'high-contrast', 'high-contrast-light'] as const;
export type ThemeKind = (typeof themeKinds)[number];

export type Rgb = readonly [red: number, green: number, blue: number];

/** Viridis at 17 even places (Smith and van der Walt, matplotlib): perceptually uniform, monotonous in lightness. */
const viridis: readonly Rgb[] = [
  [68, 1, 84],
  [72, 24, 106],
  [71, 45, 123],
  [66, 64, 134],
  [59, 82, 139],
  [51, 99, 141],
  [44, 114, 142],
  [38, 130, 142],
  [33, 145, 140],
  [31, 160, 136],
  [40, 174, 128],
  [63, 188, 115],
  [94, 201, 98],
  [132, 212, 75],
  [173, 220, 48],
  [216, 226, 25],
  [253, 231, 37],
];

/** The part of the ramp that stands out from the background, for lines and points. */
const lineRange: Readonly<Record<ThemeKind, readonly [number, number]>> = {
  light: [0, 0.56],
  'high-contrast-light': [0, 0.5],
  dark: [0.38, 1],
  'high-contrast': [0.4, 1],
};

/** The ramp at 0…1. */
export function ramp(position: number): Rgb {
  const place = Math.min(1, Math.max(0, position)) * (viridis.length - 1);
  const below = Math.min(viridis.length - 2, Math.floor(place));
  const [from, to] = [viridis[below]!, viridis[below + 1]!];
  const mix = (channel: 0 | 1 | 2) => Math.round(from[channel] + (to[channel] - from[channel]) * (place - below));
  return [mix(0), mix(1), mix(2)];
}

export const cssColor = ([red, green, blue]: Rgb): string =>
  `#${[red, green, blue].map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;

/** The colour of the layer at `index` of `count`: from the input (first) to the output (last). */
export function depthColor(index: number, count: number, theme: ThemeKind): string {
  const [low, high] = lineRange[theme];
  return cssColor(ramp(low + (high - low) * (count > 1 ? index / (count - 1) : 0.5)));
}

/** 256 steps of the whole ramp as RGBA, for filling pixels. */
export function rampTable(): Uint8ClampedArray {
  const table = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) table.set([...ramp(i / 255), 255], i * 4);
  return table;
}

/** After Okabe and Ito, darkened or lightened until each stands 3:1 against its background. */
const runPalettes = {
  light: ['#0072b2', '#c2500a', '#00805e', '#a8508b', '#8a6d00', '#1a87c4', '#4a4a4a'],
  dark: ['#56b4e9', '#e69f00', '#2bc79b', '#e58ac0', '#f0e442', '#e8734a', '#b8b8b8'],
} as const;

/** The colour of the run in a slot, 0…6. */
export const runColor = (slot: number, theme: ThemeKind): string =>
  runPalettes[theme === 'light' || theme === 'high-contrast-light' ? 'light' : 'dark'][slot % 7]!;

/** Gives each run a slot that it keeps as long as it is shown, so that its colour does not change when others come and go. */
export class RunSlots {
  private readonly slots = new Map<string, number>();

  /** @param runs those shown now */
  update(runs: readonly string[]): void {
    for (const id of [...this.slots.keys()]) if (!runs.includes(id)) this.slots.delete(id);
    for (const id of runs) {
      if (this.slots.has(id)) continue;
      const taken = new Set(this.slots.values());
      let slot = 0;
      while (taken.has(slot)) slot++;
      this.slots.set(id, slot);
    }
  }

  of(run: string): number {
    return this.slots.get(run) ?? 0;
  }
}
