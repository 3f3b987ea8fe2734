import assert from 'node:assert/strict';
import { descriptionAt, fileKindAt, suggestionsAt } from '../../../extension/notebook/completion';

/** The labels offered where `|` stands. */
const at = (text: string): string[] => {
  const offset = text.indexOf('|');
  return suggestionsAt(text.replace('|', ''), offset).map(({ label }) => label);
};

describe('completion in cells', () => {
  it('offers the fields of an experiment, and the other kinds of cells', () => {
    const fields = at('|');
    for (const field of ['model', 'optimizer', 'remedies', 'compare', 'prescribe', 'sweep'])
      assert.ok(fields.includes(field), field);
    assert.ok(at('model: a.onnx\nst|').includes('steps'));
  });

  it('offers the values of an enumeration', () => {
    assert.ok(at('model: a.onnx\nloss: |').includes('cross-entropy'));
    assert.deepEqual(at('mode: |'), ['train', 'eval', 'as-exported']);
  });

  it('offers options inside mappings, in one line or in several', () => {
    assert.ok(at('optimizer: { sgd: { | } }').includes('momentum'));
    assert.ok(at('optimizer:\n  adam:\n    |').includes('betas'));
    assert.ok(at('optimizer: { | }').includes('adamw'));
  });

  it('offers remedies and their parameters', () => {
    assert.ok(at('remedies: [ { | } ]').includes('residual'));
    assert.ok(at('remedies:\n  - |').includes('kaiming-normal'));
    assert.deepEqual(at('remedies: [ { clip-grad-norm: { | } } ]'), ['max_norm']);
    const schedules = at('schedule: { | }');
    assert.ok(schedules.includes('step-lr') && !schedules.includes('relu'));
    assert.deepEqual(at('remedies: [ { long-skip: { mode: | } } ]'), ['add', 'concat']);
  });

  it('knows which files fit a path', () => {
    assert.deepEqual(fileKindAt('model: mod', 10), ['.onnx']);
    assert.equal(fileKindAt('loss: m', 7), undefined);
  });

  it('describes the field under the cursor', () => {
    assert.match(descriptionAt('model: a.onnx\nsteps: 3', 16)!, /Training steps/);
    assert.match(descriptionAt('remedies: [ relu ]', 14)!, /vanishing-gradient/);
  });
});
