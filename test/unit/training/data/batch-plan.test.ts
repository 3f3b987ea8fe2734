import assert from 'node:assert/strict';
import { emptyGraph, type Graph, type GraphPort } from '../../../../extension/onnx/graph';
import { tensor } from '../../../../extension/onnx/tensor';
import { planBatches } from '../../../../extension/training/data/batch-plan';

type Sizes = readonly (number | string)[];

const graph = (input: Sizes, output: Sizes, others: GraphPort[] = []): Graph => ({
  ...emptyGraph('model'),
  inputs: [{ name: 'x', dtype: 'float32', shape: input }, ...others],
  outputs: [{ name: 'y', dtype: 'float32', shape: output }],
});
const array = (...shape: number[]) =>
  new Map([['x', tensor('float32', shape, Array(shape.reduce((a, b) => a * b)).fill(0))]]);

describe('planBatches', () => {
  it('takes min(64, rows) where the model leaves the batch open', () => {
    const open = graph(['batch', 3], ['batch', 2]);
    assert.equal(planBatches(open, 'y', undefined, undefined).batch, 64);
    assert.equal(planBatches(open, 'y', array(10, 3), undefined).batch, 10);
    assert.equal(planBatches(open, 'y', array(100, 3), undefined).batch, 64);
    assert.deepEqual(planBatches(open, 'y', array(100, 3), 32).types.get('x')!.shape, [32, 3]);
  });

  it('refuses a batch against a fixed size, and more than there are rows', () => {
    const fixed = graph([8, 3], [8, 2]);
    assert.equal(planBatches(fixed, 'y', array(20, 3), undefined).batch, 8);
    assert.throws(
      () => planBatches(fixed, 'y', array(20, 3), 4),
      /batch of 4 does not fit the model.*fixed batch size 8/,
    );
    assert.throws(
      () => planBatches(fixed, 'y', array(5, 3), undefined),
      /takes batches of 8, the data has only 5 rows/,
    );
    assert.throws(() => planBatches(graph(['n', 3], ['n', 2]), 'y', array(5, 3), 6), /wants as many rows/);
    assert.throws(() => planBatches(graph(['n', 3], ['n', 2]), 'y', array(5, 3), 0), /whole number/);
  });

  it('finds samples on the axis that the model calls batch, or that its output counts', () => {
    assert.equal(planBatches(graph([20, 'batch', 3], ['batch', 2]), 'y', undefined, 4).axes.get('x'), 1);
    assert.equal(planBatches(graph(['s0', 's1', 3], ['s1', 2]), 'y', undefined, 4).axes.get('x'), 1);
    assert.equal(planBatches(graph([20, 8, 3], [8, 2]), 'y', undefined, undefined).batch, 8);
    const recurrent = graph([20, 8, 3], [20, 1, 8, 4]);
    recurrent.nodes = [
      { name: 'rnn', opType: 'RNN', domain: '', inputs: ['x', 'w', 'r'], outputs: ['y'], attributes: {}, layer: '' },
    ];
    assert.equal(planBatches(recurrent, 'y', undefined, undefined).batch, 8);
  });

  it('takes open sizes from the data', () => {
    const plan = planBatches(graph(['batch', 'time', 3], ['batch', 2]), 'y', array(10, 7, 3), 5);
    assert.deepEqual(plan.types.get('x')!.shape, [5, 7, 3]);
  });

  it('says which array is missing or does not fit', () => {
    const open = graph(['batch', 3], ['batch', 2], [{ name: 'mask', dtype: 'bool', shape: ['batch'] }]);
    assert.throws(() => planBatches(open, 'y', array(4, 3), undefined), /no array "mask".*it has "x"/);
    assert.throws(
      () => planBatches(graph(['batch', 3], ['batch', 2]), 'y', array(4, 5), undefined),
      /"x" has shape \[4, 5\]; the model takes \[batch, 3\]/,
    );
  });
});
