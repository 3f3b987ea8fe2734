/** Editing programs given as text. */
import assert from 'node:assert/strict';
import type { Use } from '../../../../extension/protocol/experiment';
import {
  editSource,
  editSourceAll,
  programOf,
  type EditPlace,
  type Program,
  type SourceEdit,
} from '../../../../extension/remedies/source-edits';
import { DoesNotFit } from '../../../../extension/remedies/remedy';
import { languageOf } from '../../../../extension/source/language';
import { parseSource } from '../../../../extension/source/parse';
import { applyEdits } from '../../../../extension/source/text';
import { SyntaxErrors } from '../../../../extension/source/tree';

export const program = (text: string, path = '/example.py'): Program =>
  programOf(parseSource(path, text, languageOf(path)!));

/** A place written as text of the program. */
export const at = (text: string, part: string): EditPlace => {
  const from = text.indexOf(part);
  assert.ok(from >= 0, `${part} is not in the program`);
  return { at: { from, to: from + part.length } };
};

export const applied = (text: string, edit: SourceEdit): string => {
  assert.equal(edit.edits.length, 1, 'one file');
  return applyEdits(text, edit.edits[0]!.edits);
};

export const use = (id: string, parameters: Use['parameters'] = {}): Use => ({ id, parameters });

/** The program after remedies; what comes out parses. */
export const edited = (text: string, uses: Use | readonly Use[], place: EditPlace = {}, path?: string): string => {
  const before = program(text, path);
  const edit = 'id' in uses ? editSource(before, uses, place) : editSourceAll(before, uses, place);
  const after = applied(text, edit);
  const { tree } = program(after, path).file;
  assert.ok(!new SyntaxErrors(tree).within({ from: 0, to: after.length }), after);
  return after;
};

/** Why a remedy does not fit. */
export const refusal = (text: string, uses: Use, place: EditPlace = {}, path?: string): string => {
  try {
    return `written:\n${edited(text, uses, place, path)}`;
  } catch (error) {
    assert.ok(error instanceof DoesNotFit, String(error));
    assert.match(error.message, /^[A-Z].*\.$/);
    return error.message;
  }
};
