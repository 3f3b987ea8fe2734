import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, tensor, type DataType, type TensorType } from '../../../extension/onnx/tensor';
import { InputError } from '../../../extension/protocol/errors';
import type { LossId } from '../../../extension/protocol/experiment';
import { createRuntime } from '../../../extension/trainer/runtime';
import { chooseLoss, losses } from '../../../extension/training/losses';

/** What PyTorch computes (test/fixtures/training/generate.py). */
interface Case {
  loss: LossId;
  shape: number[];
  output: number[];
  targetShape: number[];
  targetType: 'int64' | 'float32';
  target: number[];
  value: number;
  gradient: number[];
}

const cases = JSON.parse(readFileSync(join('test', 'fixtures', 'training', 'losses.json'), 'utf8')) as Case[];

async function evaluate(loss: LossId, output: ReturnType<typeof tensor>, target: ReturnType<typeof tensor>) {
  const g = new GraphBuilder(emptyGraph('loss'));
  const values = losses[loss].build(
    g,
    g.input('output', output.dtype, output.shape),
    g.input('target', target.dtype, target.shape),
  );
  g.output(values.loss);
  g.output(values.gradient);
  const results = await createRuntime().run(exportGraph(g.graph), new Map(Object.entries({ output, target })));
  return { value: numbers(results.get(values.loss.name)!)[0]!, gradient: numbers(results.get(values.gradient.name)!) };
}

const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) <= 1e-6 + 1e-5 * Math.abs(expected), `${actual} instead of ${expected}`);
};

describe('losses', () => {
  for (const { loss, shape, output, targetShape, targetType, target, value, gradient } of cases)
    it(`${loss} of [${shape.join()}] against ${targetType} [${targetShape.join()}] is PyTorch's`, async () => {
      const result = await evaluate(loss, tensor('float32', shape, output), tensor(targetType, targetShape, target));
      close(result.value, value);
      result.gradient.forEach((actual, i) => {
        close(actual, gradient[i]!);
      });
    });

  it('is NaN where every target is ignored, as in PyTorch', async () => {
    const result = await evaluate('cross-entropy', tensor('float32', [1, 2], [1, 2]), tensor('int64', [1], [-100]));
    assert.ok(Number.isNaN(result.value));
  });

  it('does not let the impossible class that is not asked for spoil the loss', async () => {
    const result = await evaluate('nll', tensor('float32', [1, 2], [0, -Infinity]), tensor('int64', [1], [0]));
    assert.equal(result.value, -0);
  });
});

const type = (dtype: DataType, ...shape: number[]): TensorType => ({ dtype, shape });

describe('targetType', () => {
  const logits = type('float32', 8, 5, 7);

  it('puts the classes on axis 1, or on the last where only that fits', () => {
    assert.deepEqual(losses['cross-entropy'].targetType(logits, undefined), type('int64', 8, 7));
    assert.deepEqual(losses['cross-entropy'].targetType(logits, type('int64', 8, 5)), type('int64', 8, 5));
    assert.deepEqual(losses['cross-entropy'].targetType(logits, undefined, -1), type('int64', 8, 5));
    assert.deepEqual(losses['cross-entropy'].targetType(logits, type('float64', 8, 5, 7)), logits);
  });

  it('refuses targets that do not fit, and says what would', () => {
    assert.throws(() => losses['cross-entropy'].targetType(logits, type('int64', 8)), {
      name: 'InputError',
      message: /has shape \[8\]; for the output \[8, 5, 7\] it must be \[8, 7\] of class numbers or \[8, 5, 7\]/,
    });
    assert.throws(
      () => losses.mse.targetType(logits, type('float32', 8, 5)),
      /must be that of the output, \[8, 5, 7\]\. If it holds class numbers, save them as integers\.$/,
    );
    assert.throws(
      () => losses.mse.targetType(logits, type('float32', 8)),
      /must be that of the output, \[8, 5, 7\]\.$/,
    );
    assert.throws(() => losses.nll.targetType(logits, type('float32', 8, 7)), InputError);
    assert.throws(() => losses.output.targetType(logits, undefined), /wants a scalar/);
  });
});

describe('chooseLoss', () => {
  it('takes what the contract says', () => {
    assert.equal(chooseLoss(1, type('float32'), undefined), 'output');
    assert.equal(chooseLoss(2, type('float32'), undefined), 'mse');
    assert.equal(chooseLoss(1, type('float32', 8, 10), undefined), 'cross-entropy');
    assert.equal(chooseLoss(1, type('float32', 8, 1), undefined), 'mse');
    assert.equal(chooseLoss(1, type('float32', 8, 10, 4), type('int64', 8, 4)), 'cross-entropy');
    assert.equal(chooseLoss(1, type('float32', 8, 10), type('float32', 8, 10)), 'mse');
    assert.equal(chooseLoss(1, type('float32', 8, 10, 4), undefined), 'mse');
  });
});
