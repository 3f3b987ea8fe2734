import assert from 'node:assert/strict';
import { rowBudget, sampleRows, strideFor } from '../../../extension/panel/sampling';
import { stepColumn, stepColumns } from '../../../extension/protocol/run';

const width = stepColumns.length;
const rowsWith = (norms: readonly number[]): Float32Array => {
  const rows = new Float32Array(norms.length * width);
  norms.forEach((norm, step) => {
    rows[step * width + stepColumn('gradientNorm')] = norm;
    rows[step * width] = step;
  });
  return rows;
};

describe('sampling', () => {
  it('keeps every step while there is room', () => {
    const rows = rowsWith([3, 1, 2]);
    const sampled = sampleRows(rows, width, 0, 3, strideFor(3, 8));
    assert.deepEqual([...sampled.steps], [0, 1, 2]);
    assert.deepEqual(sampled.rows, rows);
  });

  it('keeps the spike of every stretch', () => {
    const { steps, rows } = sampleRows(rowsWith([1, 9, 1, 1, 1, 1, 1, 7, 2]), width, 0, 9, 4);
    assert.deepEqual([...steps], [1, 7, 8]);
    assert.deepEqual([rows[0], rows[width], rows[2 * width]], [1, 7, 8]);
  });

  it('keeps the first step that is not finite', () => {
    assert.deepEqual([...sampleRows(rowsWith([1, NaN, 8, Infinity]), width, 0, 4, 4).steps], [1]);
  });

  it('samples a part of a run as it samples the whole', () => {
    const rows = rowsWith([1, 2, 3, 4, 5, 4, 3, 2]);
    assert.deepEqual([...sampleRows(rows, width, 4, 8, 2).steps], [4, 6]);
  });

  it('stays within the budget', () => {
    assert.equal(strideFor(1000, 1000), 1);
    assert.equal(strideFor(1001, 1000), 2);
    assert.equal(strideFor(10_000, 900), 16);
    assert.equal(rowBudget(1024, 2 ** 20), 256);
  });
});
