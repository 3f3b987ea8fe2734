import assert from 'node:assert/strict';
import { philox, Random } from '../../../extension/training/random';

describe('Random', () => {
  it('agrees with the published vectors of Philox4x32-10', () => {
    const hex = (words: number[]) => words.map((word) => word.toString(16).padStart(8, '0'));
    assert.deepEqual(hex(philox([0, 0, 0, 0], [0, 0])), ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
    const ones = 0xffffffff;
    assert.deepEqual(hex(philox([ones, ones, ones, ones], [ones, ones])), [
      '408f276d',
      '41c83b0e',
      'a20bc7c6',
      '6d5451fd',
    ]);
    assert.deepEqual(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])), [
      'd16cfe09',
      '94fdcceb',
      '5001e420',
      '24126ea1',
    ]);
  });

  it('repeats itself for the same seed and stream, and for no other', () => {
    const draw = (seed: number, stream: string) => {
      const random = new Random(seed, stream);
      return Array.from({ length: 8 }, () => random.uniform());
    };
    assert.deepEqual(draw(7, 'order'), draw(7, 'order'));
    assert.notDeepEqual(draw(7, 'order'), draw(8, 'order'));
    assert.notDeepEqual(draw(7, 'order'), draw(7, 'teacher'));
  });

  it('draws normals of mean 0 and deviation 1', () => {
    const random = new Random(0, 'test');
    const draws = Array.from({ length: 20_000 }, () => random.normal());
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    assert.ok(Math.abs(mean) < 0.03, `mean ${mean}`);
    assert.ok(Math.abs(variance - 1) < 0.05, `variance ${variance}`);
  });

  it('permutes every number once', () => {
    const order = new Random(3, 'order').permutation(100);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      [...Array(100).keys()],
    );
    assert.notDeepEqual([...order], [...Array(100).keys()]);
  });
});
