import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseNotebook, serializeNotebook, type Notebook } from '../../../extension/notebook/gradnb';

const unknownFields = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,6}$/), fc.jsonValue(), { maxKeys: 3 });
const output = fc.tuple(fc.record({ mime: fc.string(), data: fc.jsonValue() }), unknownFields);
const cell = fc.tuple(
  fc.record(
    {
      kind: fc.constantFrom('markdown' as const, 'experiment' as const),
      source: fc.array(fc.string()),
      outputs: fc.array(
        output.map(([known, unknown]) => ({ ...known, ...unknown })),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ['kind', 'source'] },
  ),
  unknownFields,
);
const notebook = fc.tuple(
  fc.array(
    cell.map(([known, unknown]) => ({ ...known, ...unknown })),
    { maxLength: 6 },
  ),
  unknownFields,
);

describe('gradnb', () => {
  it('loses nothing in a round trip, fields of newer versions included', () => {
    fc.assert(
      fc.property(notebook, ([cells, unknown]) => {
        const value: Notebook = { version: 1, cells, ...unknown };
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
