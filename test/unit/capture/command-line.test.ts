import assert from 'node:assert/strict';
import { joinArguments, splitArguments } from '../../../extension/capture/command-line';

describe('arguments as typed', () => {
  it('are apart by spaces, but for those in quotes or behind a backslash', () => {
    assert.deepEqual(splitArguments(` --depth 30  --name 'two words' --path "C:\\\\data" a\\ b --x="1 2" '' `), [
      '--depth',
      '30',
      '--name',
      'two words',
      '--path',
      'C:\\data',
      'a b',
      '--x=1 2',
      '',
    ]);
  });

  it('are shown so that they read back the same', () => {
    const words = ['python', '/a folder/train.py', '--lr=1e-3', "it's", '', '$HOME', 'a"b'];
    assert.deepEqual(splitArguments(joinArguments(words)), words);
  });
});
