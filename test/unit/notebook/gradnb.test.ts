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
    const refused = (text: string, message: RegExp) => {
      assert.throws(() => parseNotebook(text, 'n.gradnb'), message);
    };
    refused('import torch', /^InputError: n\.gradnb: line 1, column 1: Unexpected token 'i'\. Open/);
    refused(
      '{\n  "version": 1,\n  "cells": [\n    { "kind": markdown, "source": ["of some length"] }\n  ]\n}',
      /line 4, column 15: Unexpected token 'm'\. Open/,
    );
    refused('{\n  "version": 1,\n  "cells": [\n', /line 4, column 1: /);
    refused('{"version":1}', /not an experiment notebook: cells: The field "cells" is missing\.$/);
    refused('[]', /not an experiment notebook: the document: Write fields/);
    refused('{"version":2,"cells":[]}', /written by a newer Gradient Doctor \(version 2 of the format\): update it/);
  });
});
