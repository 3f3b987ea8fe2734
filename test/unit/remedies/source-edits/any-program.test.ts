import assert from 'node:assert/strict';
import { DoesNotFit } from '../../../../extension/remedies/remedy';
import { remedies } from '../../../../extension/remedies';
import { editSource, type Program, type SourceEdit } from '../../../../extension/remedies/source-edits';
import { SyntaxErrors } from '../../../../extension/source/tree';
import { allCases } from '../../source/rules/all-cases';
import { applied, program } from './edit';

/** Every tenth of the programs that the lint rules are tested with: all styles of writing networks and loops. */
const programs = allCases
  .flatMap(({ trips, passes }) => [...Object.entries(trips), ...Object.entries(passes)])
  .filter((_, index) => index % 10 === 0)
  .map(([name, text]) => {
    const path = name.startsWith('ts:') ? '/example.ts' : '/example.py';
    return { name, text, path, before: program(text, path) };
  });

/** Asked twice, a rate is lowered twice. */
const repeatable = ['lower-lr', 'raise-lr'];

const tried = (before: Program, id: string): SourceEdit | undefined => {
  try {
    return editSource(before, { id, parameters: {} });
  } catch (error) {
    assert.ok(error instanceof DoesNotFit, String(error));
    assert.match(error.message, /^[A-Z].*\.$/);
    return undefined;
  }
};

describe('any remedy in any program', () => {
  for (const { id } of remedies)
    it(`${id} parses, once only, or is refused with a sentence`, () => {
      for (const { name, text, path, before } of programs) {
        const edit = tried(before, id);
        if (!edit) continue;
        const after = applied(text, edit);
        const { tree } = program(after, path).file;
        assert.ok(!new SyntaxErrors(tree).within({ from: 0, to: after.length }), `${name}\n${after}`);
        if (repeatable.includes(id)) continue;
        const again = tried(program(after, path), id);
        assert.equal(again && applied(after, again), undefined, name);
      }
    });
});
