import assert from 'node:assert/strict';
import { lineOfText, movedRange } from '../../../extension/editor/moving-range';
import type { Range } from '../../../extension/source/text';

const range = (line: number, from: number, endLine: number, to: number): Range => ({
  start: { line, character: from },
  end: { line: endLine, character: to },
});

describe('a range that follows what is typed', () => {
  const statement = range(5, 4, 6, 10);
  for (const [what, change, expected] of [
    ['stays before a change below', { range: range(7, 0, 7, 3), text: 'x\ny' }, statement],
    ['goes down with lines put in above', { range: range(2, 3, 2, 3), text: '\n\n' }, range(7, 4, 8, 10)],
    ['goes up with lines taken out above', { range: range(1, 0, 3, 0), text: '' }, range(3, 4, 4, 10)],
    ['stays while a line above changes', { range: range(2, 0, 2, 9), text: 'other' }, statement],
    ['goes down with a line put in right above', { range: range(5, 0, 5, 0), text: '# note\n' }, range(6, 4, 7, 10)],
    ['goes up with the line right above', { range: range(4, 0, 5, 0), text: '' }, range(4, 4, 5, 10)],
    ['ends with a change on its first line', { range: range(5, 8, 5, 9), text: 'x' }, undefined],
    ['ends with a change on its last line', { range: range(6, 20, 6, 20), text: ' # x' }, undefined],
    ['ends with what is typed before it on its line', { range: range(5, 0, 5, 0), text: 'x = ' }, undefined],
    ['ends with its line joined to the one above', { range: range(4, 9, 5, 4), text: '' }, undefined],
    ['ends with its lines', { range: range(3, 0, 9, 0), text: '' }, undefined],
  ] as const)
    it(what, () => {
      assert.deepEqual(movedRange(statement, change), expected);
    });
});

describe('a line that is looked for by its text', () => {
  const lines = ['a', 'b', 'a', 'c'];
  it('is where it was, or where alone it is', () => {
    assert.equal(lineOfText(lines, 2, 'a'), 2);
    assert.equal(lineOfText(lines, 0, 'c'), 3);
    assert.equal(lineOfText(lines, 1, 'a'), undefined);
    assert.equal(lineOfText(lines, 1, 'x'), undefined);
  });
});
