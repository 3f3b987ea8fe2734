import assert from 'node:assert/strict';
import { baselineLine, firstLine, lastLine, readSearch, trialLine } from '../../../extension/panel/search-file';
import type { Search, SearchEnd } from '../../../extension/protocol/prescription';
import { aSearch } from './trials';

const cutOff: SearchEnd = { kind: 'stopped', reason: 'reloaded' };
const linesOf = (search: Search): string[] => [
  firstLine(search.budget),
  baselineLine(search.baseline!),
  ...search.trials.map(trialLine),
  lastLine(search, search.end!),
];

describe('trials on disk', () => {
  it('come back as they were stored, numbers that are not finite included', () => {
    const search = aSearch();
    assert.deepEqual(readSearch(linesOf(search).join(''), cutOff), search);
  });

  it('survive a crash up to the last complete one', () => {
    const search = aSearch();
    const text = linesOf(search).slice(0, 5).join('').slice(0, -10);
    assert.deepEqual(readSearch(text, cutOff), {
      ...search,
      trials: search.trials.slice(0, 2),
      prescriptions: [],
      end: cutOff,
    });
  });

  it('of another format are none', () => {
    assert.equal(readSearch('{"version":99,"budget":1}\n', cutOff), undefined);
    assert.equal(readSearch('', cutOff), undefined);
    assert.equal(readSearch(trialLine(aSearch().trials[0]!), cutOff), undefined);
  });
});
