import assert from 'node:assert/strict';
import {
  axisTicks,
  decadeLabel,
  decades,
  emptyExtent,
  extend,
  linearBounds,
  logBounds,
  markOf,
  marksIn,
  placed,
  roundTicks,
  union,
} from '../../../webview/charts/log-axis';

const extentOf = (values: readonly number[]) => {
  const extent = emptyExtent();
  for (const value of values) extend(extent, value);
  return extent;
};

describe('a log axis', () => {
  it('spans whole decades around what is above zero, whatever else there is', () => {
    const { min, max } = logBounds(extentOf([0, 3e-9, 0.02, NaN, Infinity]));
    assert.deepEqual([Math.round(Math.log10(min)), Math.round(Math.log10(max))], [-9, -1]);
  });

  it('has bounds where nothing is above zero', () => {
    assert.deepEqual(logBounds(extentOf([0, NaN])), { min: 1e-3, max: 1 });
  });

  it('has a place for what has no logarithm, and a mark that says which it is', () => {
    const axis = { scale: 'log', min: 1e-8, max: 10 } as const;
    assert.deepEqual(
      [0, NaN, Infinity, 1].map((value) => placed(value, axis)),
      [1e-8, 10, 10, 1],
    );
    assert.deepEqual(
      [0, NaN, Infinity, 1].map((value) => markOf(value, axis)),
      ['zero', 'nan', 'infinite', undefined],
    );
  });

  it('says which marks a chart shows', () => {
    assert.deepEqual(marksIn(extentOf([0, 1, NaN]), 'log'), ['zero', 'nan']);
    assert.deepEqual(marksIn(extentOf([0, 1, -Infinity]), 'linear'), ['infinite']);
    assert.deepEqual(marksIn(union([extentOf([1]), extentOf([0])]), 'log'), ['zero']);
  });

  it('labels powers of ten, and no more of them than fit', () => {
    assert.deepEqual([1e-7, 1e-3, 0.01, 1, 100, 1e12].map(decadeLabel), ['10⁻⁷', '10⁻³', '0.01', '1', '100', '10¹²']);
    const ticks = decades(1e-12, 1, 5).map((value) => Math.round(Math.log10(value)));
    assert.deepEqual(ticks, [-12, -9, -6, -3, 0]);
  });
});

describe('a linear axis', () => {
  it('leaves air around the values, but does not cross zero for it', () => {
    assert.deepEqual(linearBounds(extentOf([0, 10])), { min: 0, max: 10.5 });
    assert.deepEqual(linearBounds(extentOf([5, 5])), { min: 4.5, max: 5.5 });
    assert.deepEqual(linearBounds(extentOf([0.2]), { min: 0, max: 1 }), { min: 0, max: 1 });
  });

  it('is labelled with round numbers', () => {
    assert.deepEqual(roundTicks(0, 1, 6), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(roundTicks(-0.5, 4.5, 20, true), [0, 1, 2, 3, 4]);
  });

  it('is labelled with names where it has them', () => {
    const axis = { label: '', scale: 'linear', min: -0.5, max: 2.5, names: ['a', 'b', 'c'] } as const;
    assert.deepEqual(axisTicks(axis, 5), [
      { value: 0, label: 'a' },
      { value: 1, label: 'b' },
      { value: 2, label: 'c' },
    ]);
  });
});
