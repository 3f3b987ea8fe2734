import assert from 'node:assert/strict';
import { distinctNames } from '../../../webview/panel/run-names';

describe('names of runs that are shown together', () => {
  const minute = (startedAt: string): string => startedAt.slice(11, 16);
  const run = (id: string, name: string, startedAt: string) => ({
    id,
    name,
    startedAt: `2026-01-01T${startedAt}.000Z`,
  });

  it('are theirs, with the time where that does not tell them apart, and then a number', () => {
    const runs = [
      run('d', 'train.py', '10:07:30'),
      run('c', 'train.py', '10:07:02'),
      run('b', 'train.py', '09:00:00'),
      run('a', 'deep', '08:00:00'),
    ];
    assert.deepEqual(Object.fromEntries(distinctNames(runs, minute)), {
      a: 'deep',
      b: 'train.py · 09:00',
      c: 'train.py · 10:07',
      d: 'train.py · 10:07 (2)',
    });
  });
});
