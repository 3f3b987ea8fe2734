import assert from 'node:assert/strict';
import { codeOf, codes, fillRow, paintHeatMap, palette } from '../../../webview/charts/draw-heat-map';
import type { HeatMapFigure } from '../../../webview/charts/figure';

const value = { label: '', scale: 'log', min: 1e-6, max: 1 } as const;
const x = (max: number) => ({ label: '', scale: 'linear', min: 0, max }) as const;

describe('a row of a heat map', () => {
  it('holds each value until the next', () => {
    const row = new Uint8Array(4);
    fillRow({ x: [0, 2], y: [1e-6, 1], length: 2 }, x(4), value, row);
    assert.deepEqual([...row], [codes.lowest, codes.lowest, codes.highest, 0]);
  });

  it('shows the largest of the values that fall on a pixel', () => {
    const row = new Uint8Array(2);
    fillRow({ x: [0, 1, 2, 3], y: [1e-6, 1, 1e-6, 1e-6], length: 4 }, x(4), value, row);
    assert.deepEqual([...row], [codes.highest, codes.lowest]);
  });

  it('shows one NaN among many values', () => {
    const row = new Uint8Array(1);
    fillRow({ x: [0, 1, 2], y: [1, NaN, 1], length: 3 }, x(3), value, row);
    assert.deepEqual([...row], [codes.nan]);
  });
});

describe('a heat map', () => {
  const figure: HeatMapFigure = {
    kind: 'heat-map',
    title: '',
    x: x(2),
    y: { label: '', scale: 'linear', min: -0.5, max: 1.5, reverse: true },
    value,
    rows: [
      { x: [0, 1], y: [1, 1e-6], length: 2 },
      { x: [0, 1], y: [0, NaN], length: 2 },
    ],
  };
  const colors = palette({ zero: [1, 2, 3], infinite: [4, 5, 6], nan: [7, 8, 9] });
  const paint = (width: number, height: number): number[][] => {
    const image = new Uint8ClampedArray(width * height * 4);
    Array.from(paintHeatMap(figure, figure.x, figure.y, image, width, height, colors));
    return Array.from({ length: width * height }, (_, i) => [...image.subarray(i * 4, i * 4 + 3)]);
  };

  it('has its first row at the top', () => {
    const [topLeft, , bottomLeft, bottomRight] = paint(2, 2);
    assert.deepEqual(topLeft, [...colors.subarray(codes.highest * 4, codes.highest * 4 + 3)]);
    assert.deepEqual(
      [bottomLeft, bottomRight],
      [
        [1, 2, 3],
        [7, 8, 9],
      ],
    );
  });

  it('fills all pixels of tall rows', () => {
    const pixels = paint(2, 8);
    assert.deepEqual(pixels[0], pixels[6]);
    assert.deepEqual(pixels[15], [7, 8, 9]);
  });

  it('loses no row where there are more rows than pixels', () => {
    assert.deepEqual(paint(2, 1)[1], [7, 8, 9]);
  });
});

describe('the colour of a value', () => {
  it('is apart from the ramp for what has no logarithm', () => {
    assert.deepEqual(
      [0, Infinity, NaN].map((one) => codeOf(one, value)),
      [codes.zero, codes.infinite, codes.nan],
    );
    assert.deepEqual(
      [1e-9, 1e9].map((one) => codeOf(one, value)),
      [codes.lowest, codes.highest],
    );
  });
});
