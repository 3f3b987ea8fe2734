import assert from 'node:assert/strict';
import { sourcesFrom } from '../../../extension/cli/source-places';
import { makeRun } from '../diagnosis/run-factory';

describe('source files of layers, from the command line', () => {
  const [layer] = makeRun({ depth: 1, steps: 1 }).header.layout.layers;
  const from = (file: string, ...there: string[]): string | undefined =>
    sourcesFrom([{ ...layer!, source: { file, line: 4 } }], 'models/deep/model.onnx', (path) =>
      there.includes(path),
    )[0]!.source?.file;

  it('are those of the working directory, else those beside the model', () => {
    assert.equal(from('train.py', 'train.py', 'models/deep/train.py'), 'train.py');
    assert.equal(from('train.py', 'models/deep/train.py'), 'models/deep/train.py');
    assert.equal(from('train.py'), 'train.py');
    assert.equal(from('/home/me/train.py', 'models/deep/home/me/train.py'), '/home/me/train.py');
  });
});
