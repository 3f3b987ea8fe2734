import assert from 'node:assert/strict';
import { depthColor, ramp, RunSlots, runColor, type ThemeKind } from '../../../webview/charts/colors';

const themes = {
  light: '#ffffff',
  dark: '#1f1f1f',
  'high-contrast': '#000000',
  'high-contrast-light': '#ffffff',
} as const;

/** Relative luminance and contrast of WCAG 2.2. */
const luminance = (color: string): number => {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((channel) => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (a: string, b: string): number => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
};

describe('the colours of layers', () => {
  it('grow lighter from input to output', () => {
    for (const theme of Object.keys(themes) as ThemeKind[]) {
      const shades = Array.from({ length: 50 }, (_, layer) => luminance(depthColor(layer, 50, theme)));
      assert.ok(
        shades.every((shade, layer) => layer === 0 || shade > shades[layer - 1]!),
        theme,
      );
    }
  });

  it('stand 3:1 against the background of each theme', () => {
    for (const [theme, background] of Object.entries(themes))
      for (let layer = 0; layer < 20; layer++)
        assert.ok(contrast(depthColor(layer, 20, theme as ThemeKind), background) >= 3, `${theme}, layer ${layer}`);
  });

  it('stay on the ramp outside of 0…1', () => {
    assert.deepEqual([ramp(-1), ramp(2)], [ramp(0), ramp(1)]);
  });
});

describe('the colours of runs', () => {
  it('stand 3:1 against the background and differ', () => {
    for (const [theme, background] of Object.entries(themes)) {
      const colors = Array.from({ length: 7 }, (_, slot) => runColor(slot, theme as ThemeKind));
      for (const color of colors) assert.ok(contrast(color, background) >= 3, `${theme}: ${color}`);
      assert.equal(new Set(colors).size, 7);
    }
  });

  it('stay with their runs when others come and go', () => {
    const slots = new RunSlots();
    slots.update(['a', 'b', 'c']);
    slots.update(['a', 'c', 'd']);
    assert.deepEqual(
      ['a', 'c', 'd'].map((run) => slots.of(run)),
      [0, 2, 1],
    );
  });
});
