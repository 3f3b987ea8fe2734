import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decimate, firstAtOrAbove, nearestIndex, pick } from '../../../webview/charts/decimate';

const series = (y: readonly number[]) => ({ x: y.map((_, i) => i), y, length: y.length });

describe('decimate', () => {
  it('keeps every point where there are few', () => {
    assert.deepEqual([...decimate(series([3, 1, 2]), 0, 2, 10)], [0, 1, 2]);
  });

  it('keeps the one spike among ten thousand points', () => {
    const y = Array.from({ length: 10_000 }, (_, i) => (i === 6789 ? 1e6 : 1));
    assert.ok(decimate(series(y), 0, 9999, 100).includes(6789));
  });

  it('keeps zeros, NaN and infinities', () => {
    const y = Array.from({ length: 5000 }, (_, i) => ({ 1000: 0, 2000: NaN, 3000: Infinity, 4000: -Infinity })[i] ?? 1);
    const kept = decimate(series(y), 0, 4999, 50);
    for (const index of [1000, 2000, 3000, 4000]) assert.ok(kept.includes(index), String(index));
  });

  it('leaves out what is outside the picture, but for one point at each side', () => {
    const kept = decimate(series(Array.from({ length: 100 }, () => 1)), 40, 50, 100);
    assert.deepEqual([kept[0], kept.at(-1)], [39, 51]);
  });

  it('keeps the extremes of every pixel column, in ascending order, and at most seven points of each', () => {
    fc.assert(
      fc.property(fc.array(fc.float(), { minLength: 300, maxLength: 2000 }), (y) => {
        const columns = 20;
        const kept = decimate(series(y), 0, y.length - 1, columns);
        assert.ok(kept.length <= 7 * (columns + 1));
        assert.ok(kept.every((index, i) => i === 0 || index > kept[i - 1]!));
        const finite = y.filter(Number.isFinite);
        const shown = Array.from(kept, (index) => y[index]!).filter(Number.isFinite);
        assert.equal(Math.max(...shown), Math.max(...finite));
        assert.equal(Math.min(...shown), Math.min(...finite));
      }),
    );
  });
});

describe('the points of a series', () => {
  const x = [0, 8, 16, 24];

  it('are found by position', () => {
    assert.deepEqual(
      [-1, 0, 1, 24, 25].map((value) => firstAtOrAbove(x, 4, value)),
      [0, 0, 1, 3, 4],
    );
    assert.deepEqual(
      [-5, 3, 5, 100].map((value) => nearestIndex(x, 4, value)),
      [0, 0, 1, 3],
    );
    assert.equal(nearestIndex(x, 0, 3), -1);
  });

  it('are picked by index', () => {
    const picked = pick({ x, y: [1, 2, NaN, 4], length: 4 }, Uint32Array.of(0, 2));
    assert.deepEqual([[...picked.x], [...picked.y], picked.length], [[0, 16], [1, NaN], 2]);
  });
});
