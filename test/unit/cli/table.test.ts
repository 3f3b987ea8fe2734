import assert from 'node:assert/strict';
import { logarithmicBars, table } from '../../../extension/cli/table';

describe('table', () => {
  it('aligns columns and leaves no trailing space', () => {
    const text = table(
      [{ head: 'name' }, { head: 'n', align: 'right' }, { head: '' }],
      [
        ['a', '1', ''],
        ['longer', '22', 'x'],
      ],
    );
    assert.equal(text, 'name     n\na        1\nlonger  22  x');
  });
});

describe('logarithmicBars', () => {
  it('gives every decade the same length', () => {
    assert.deepEqual(logarithmicBars([1e-8, 1e-4, 1], 8), ['▏', '████', '████████']);
  });

  it('does not blow up small differences', () => {
    const [small, large] = logarithmicBars([0.5, 1], 8);
    assert.ok(small!.length >= 7 && large!.length === 8);
  });

  it('writes out what has no place on a logarithmic scale', () => {
    assert.deepEqual(logarithmicBars([0, Infinity, NaN, 1], 1), ['0', '∞', '', '█']);
    assert.deepEqual(logarithmicBars([0], 1), ['0']);
  });
});
