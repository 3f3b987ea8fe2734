import assert from 'node:assert/strict';
import { columnNames, csvOf } from '../../../extension/panel/run-export';
import { activationColumn, rowWidth, stepColumn } from '../../../extension/protocol/run';
import { aLayout, aRun } from './examples';

describe('export of a run', () => {
  it('names every column once', () => {
    const { header } = aRun(1);
    const names = columnNames(header);
    assert.equal(names.length, rowWidth(header.layout));
    assert.equal(new Set(names).size, names.length);
    assert.equal(names[activationColumn(2, 'std')], 'head std');
  });

  it('names the columns of a gradient through time', () => {
    const header = aRun(0).header;
    const width = rowWidth(header.layout);
    const layout = { ...aLayout(), throughTime: [{ layer: 'rnn', offset: width, length: 2 }] };
    assert.deepEqual(columnNames({ ...header, layout }).slice(-2), ['rnn time 0', 'rnn time 1']);
  });

  it('writes one line per step', () => {
    const run = aRun(2, (row, step) => {
      row[stepColumn('loss')] = step === 0 ? 2.5 : NaN;
    });
    const lines = [...csvOf(run)].join('').trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0]!, /^step,loss,learningRate,/);
    assert.match(lines[1]!, /^0,2\.5,0,/);
    assert.match(lines[2]!, /^1,NaN,0,/);
  });
});
