import assert from 'node:assert/strict';
import { numbers, tensor } from '../../../../extension/onnx/tensor';
import { convert } from '../../../../extension/training/data/convert';
import { split } from '../../../../extension/training/data/dataset';

const counting = (rows: number) => tensor('float32', [rows, 2], [...Array(rows * 2).keys()]);
const columns = (rows: number) =>
  new Map([
    ['x', { array: counting(rows), axis: 0 }],
    ['target', { array: tensor('int64', [rows], [...Array(rows).keys()]), axis: 0 }],
  ]);
const targets = (
  data: { stack(step: number, count: number): ReturnType<ReturnType<typeof split>['training']['stack']> },
  step: number,
  count = 1,
) => numbers(data.stack(step, count).get('target')!);

describe('split', () => {
  it('gives every row once an epoch, in an order that depends on seed and epoch', () => {
    const { training } = split(columns(12), { batch: 4, seed: 0 });
    assert.equal(training.stepsPerEpoch, 3);
    const [first, second] = [targets(training, 0, 3), targets(training, 3, 3)];
    for (const epoch of [first, second])
      assert.deepEqual(
        [...epoch].sort((a, b) => a - b),
        [...Array(12).keys()],
      );
    assert.notDeepEqual(first, second);
    assert.deepEqual(targets(split(columns(12), { batch: 4, seed: 0 }).training, 3, 3), second);
    assert.notDeepEqual(targets(split(columns(12), { batch: 4, seed: 1 }).training, 0, 3), first);
  });

  it('keeps the rows of all arrays together', () => {
    const { training } = split(columns(12), { batch: 4, seed: 0 });
    const stack = training.stack(1, 2);
    assert.deepEqual(stack.get('x')!.shape, [2, 4, 2]);
    assert.deepEqual(
      numbers(stack.get('x')!).filter((_, i) => i % 2 === 0),
      numbers(stack.get('target')!).map((row) => row * 2),
    );
  });

  it('leaves one batch in its order', () => {
    const { training } = split(columns(4), { batch: 4, seed: 0 });
    assert.deepEqual(targets(training, 5), [0, 1, 2, 3]);
  });

  it('holds rows out, the same for the same seed', () => {
    const { training, validation } = split(columns(20), { batch: 4, seed: 0, validation: 0.2 });
    assert.equal(training.rows, 16);
    assert.equal(validation!.rows, 4);
    assert.deepEqual(
      [...targets(training, 0, 4), ...targets(validation!, 0)].sort((a, b) => a - b),
      [...Array(20).keys()],
    );
    assert.throws(() => split(columns(8), { batch: 4, seed: 0, validation: 0.2 }), /both need a batch of 4/);
    assert.throws(() => split(columns(8), { batch: 4, seed: 0, validation: 1.5 }), /from 0 to 1/);
  });

  it('takes samples from any axis', () => {
    const array = tensor('float32', [2, 3], [0, 1, 2, 10, 11, 12]);
    const { training } = split(new Map([['x', { array, axis: 1 }]]), { batch: 1, seed: 0, cycled: true });
    assert.deepEqual(training.batchType('x').shape, [2, 1]);
    assert.deepEqual(numbers(training.stack(1, 2).get('x')!), [1, 11, 2, 12]);
  });

  it('refuses arrays of different lengths', () => {
    const uneven = columns(8).set('target', { array: tensor('int64', [7], Array(7).fill(0)), axis: 0 });
    assert.throws(() => split(uneven, { batch: 4, seed: 0 }), /"x" has 8 rows, "target" has 7/);
  });
});

describe('convert', () => {
  it('keeps the meaning of numbers', () => {
    assert.deepEqual(convert('x', tensor('float64', [2], [0.5, 2]), 'float32'), tensor('float32', [2], [0.5, 2]));
    assert.deepEqual(convert('x', tensor('uint8', [2], [0, 255]), 'float32'), tensor('float32', [2], [0, 255]));
    assert.deepEqual(convert('x', tensor('int32', [2], [-1, 7]), 'int64'), tensor('int64', [2], [-1, 7]));
    assert.deepEqual(
      convert('x', tensor('float16', [2], [0x3c00, 0xc000]), 'float32'),
      tensor('float32', [2], [1, -2]),
    );
  });

  it('refuses what would lose it', () => {
    assert.throws(
      () => convert('x', tensor('float32', [1], [1.5]), 'int64'),
      /"x" holds float32, the model takes int64/,
    );
    assert.throws(() => convert('x', tensor('int64', [1], [300]), 'uint8'), /300 does not fit/);
    assert.throws(() => convert('x', tensor('int64', [1], [2]), 'bool'), /truth values/);
  });
});
