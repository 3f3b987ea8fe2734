/** Notebooks as later versions might write them. */
import fc from 'fast-check';
import type { Notebook } from '../../../extension/notebook/gradnb';

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
const parts = fc.tuple(
  fc.array(
    cell.map(([known, unknown]) => ({ ...known, ...unknown })),
    { maxLength: 6 },
  ),
  unknownFields,
);

export const notebooks: fc.Arbitrary<Notebook> = parts.map(([cells, unknown]) => ({ version: 1, cells, ...unknown }));
