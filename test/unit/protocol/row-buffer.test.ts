import assert from 'node:assert/strict';
import { RowBuffer } from '../../../extension/protocol/row-buffer';

describe('RowBuffer', () => {
  it('grows by chunks of any size', () => {
    const buffer = new RowBuffer(2);
    const expected: number[] = [];
    for (const count of [1, 300, 7]) {
      const rows = Float32Array.from({ length: count * 2 }, (_, index) => expected.length + index);
      buffer.append({ firstStep: buffer.steps, count, rows });
      expected.push(...rows);
    }
    assert.equal(buffer.steps, 308);
    assert.deepEqual([...buffer.rows], expected);
  });

  it('goes on after rows from disk', () => {
    const buffer = new RowBuffer(1, Float32Array.of(1, 2));
    buffer.append({ firstStep: 2, count: 1, rows: Float32Array.of(3) });
    assert.deepEqual([...buffer.rows], [1, 2, 3]);
  });

  it('refuses steps that do not follow', () => {
    const buffer = new RowBuffer(1);
    assert.throws(() => {
      buffer.append({ firstStep: 1, count: 1, rows: Float32Array.of(3) });
    }, /do not follow step 0/);
    assert.throws(() => {
      buffer.append({ firstStep: 0, count: 2, rows: Float32Array.of(3) });
    }, RangeError);
  });
});
