import assert from 'node:assert/strict';
import { chartColors, chartOf, dataUri } from '../../../extension/editor/layer-chart';

const axis = { name: 'gradient by depth', first: 'layers.0', last: 'a<b>&"c"' };
const chart = (values: readonly number[]): string => chartOf(values, axis, chartColors('dark'));
const curve = (svg: string): string[] => [...svg.matchAll(/[ML]([\d.]+) ([\d.]+)(?=[ML"])/g)].map(([point]) => point);

describe('the chart of a layer hover', () => {
  it('rises with the logarithm of the gradient', () => {
    const points = curve(chart([1e-8, 1e-4, 1]));
    assert.deepEqual(points, ['M44.0 78.0', 'L178.0 43.0', 'L312.0 8.0']);
  });

  it('names its ends and its scale', () => {
    const svg = chart([1e-8, 1]);
    assert.match(svg, />layers\.0</);
    assert.match(svg, />1e-8</);
    assert.match(svg, />1e0</);
    assert.ok(svg.includes('a&#60;b&#62;&#38;&#34;c&#34;'), svg);
  });

  it('marks zero below and what is not finite above, and breaks the curve there', () => {
    const svg = chart([1, 0, 1, NaN, Infinity, 10]);
    assert.equal(curve(svg).filter((point) => point.startsWith('M')).length, 3);
    const crosses = [...svg.matchAll(/<path d="M[\d.]+ (\d+)l4 4/g)].map(([, y]) => Number(y));
    assert.deepEqual(crosses, [76, 6, 6]);
  });

  it('draws one value, equal values and none', () => {
    for (const values of [[0.5], [2, 2, 2], [], [0], [NaN]]) assert.doesNotMatch(chart(values), /NaN|Infinity/);
  });

  it('differs between themes, and fits into Markdown', () => {
    const themes = (['light', 'dark', 'high-contrast'] as const).map((kind) =>
      chartOf([1, 2], axis, chartColors(kind)),
    );
    assert.equal(new Set(themes).size, 3);
    const uri = dataUri(themes[0]!);
    assert.match(uri, /^data:image\/svg\+xml;base64,[\w+/=]+$/);
    assert.equal(Buffer.from(uri.split(',')[1]!, 'base64').toString(), themes[0]);
  });
});
