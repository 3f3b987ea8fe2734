import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseNotebook, serializeNotebook } from '../../../extension/notebook/gradnb';
import { notebooks } from './generated-notebooks';

describe('gradnb', () => {
  it('loses nothing in a round trip, fields of newer versions included', () => {
    fc.assert(
      fc.property(notebooks, (value) => {
        const text = serializeNotebook(value);
        assert.equal(serializeNotebook(parseNotebook(text, 'n.gradnb')), text);
      }),
      { numRuns: 100 },
    );
  });

  it('takes an empty file for a new notebook', () => {
    assert.deepEqual(parseNotebook('', 'n.gradnb'), { version: 1, cells: [] });
  });

  it('says where a damaged file stops being one', () => {
    const text = serializeNotebook({ version: 1, cells: [{ kind: 'experiment', source: ['model: a.onnx'] }] });
    assert.throws(() => parseNotebook(text.slice(0, -20), 'n.gradnb'), /n\.gradnb: line \d+, column \d+: .*repair/);
    assert.throws(() => parseNotebook('{"version":2,"cells":[]}', 'n.gradnb'), /not an experiment notebook: version/);
  });
});
