import assert from 'node:assert/strict';
import { GraphBuilder } from '../../../../extension/onnx/builder';
import { emptyGraph } from '../../../../extension/onnx/graph';
import { numbers, tensor, type DataType } from '../../../../extension/onnx/tensor';
import { syntheticInputs, syntheticTarget } from '../../../../extension/training/data/synthetic';

const plan = (dtype: DataType, shape: number[], axis = 0) => ({
  batch: shape[axis]!,
  types: new Map([['x', { dtype, shape }]]),
  axes: new Map([['x', axis]]),
});

function graphWith(dtype: DataType, shape: number[]) {
  const g = new GraphBuilder(emptyGraph('model'));
  g.input('x', dtype, shape);
  return g;
}

const rowsOf = (values: number[], width: number): number[][] =>
  Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));

const binaryLabels = (made: ReturnType<typeof syntheticInputs>, batch: number): number[] =>
  numbers(syntheticTarget(made, { dtype: 'int64', shape: [batch] }, { kind: 'class', classes: 2 }, 0).array);

/** The share of samples that a perceptron, as weak a learner as there is, gets right after 20 passes. */
function perceptronAccuracy(samples: readonly number[][], labels: readonly number[]): number {
  const weights = samples[0]!.map(() => 0);
  const answer = (sample: number[]) => (weights.reduce((sum, weight, i) => sum + weight * sample[i]!, 0) > 0 ? 1 : 0);
  for (let pass = 0; pass < 20; pass++)
    samples.forEach((sample, row) => {
      const error = labels[row]! - answer(sample);
      sample.forEach((value, i) => (weights[i]! += error * value));
    });
  return samples.filter((sample, row) => answer(sample) === labels[row]).length / samples.length;
}

describe('synthetic data', () => {
  it('is sixteen batches, the same for the same seed', () => {
    const { graph } = graphWith('float32', [8, 5]);
    const made = syntheticInputs(graph, plan('float32', [8, 5]), 0);
    assert.deepEqual(made.columns.get('x')!.array.shape, [128, 5]);
    assert.deepEqual(syntheticInputs(graph, plan('float32', [8, 5]), 0), made);
    assert.notDeepEqual(syntheticInputs(graph, plan('float32', [8, 5]), 1), made);
  });

  it('holds tokens of the table that the model looks them up in', () => {
    const g = graphWith('int64', [4, 6]);
    const table = g.initializer('table', tensor('float32', [11, 3], Array(33).fill(0)));
    g.op('Gather', [table, g.value('x')], {}, { dtype: 'float32', shape: [4, 6, 3] });
    const tokens = numbers(syntheticInputs(g.graph, plan('int64', [4, 6]), 0).columns.get('x')!.array);
    assert.equal(Math.min(...tokens), 0);
    assert.equal(Math.max(...tokens), 10);
  });

  it('has labels that follow from the inputs: a linear rule finds most of them', () => {
    const made = syntheticInputs(graphWith('float32', [64, 5]).graph, plan('float32', [64, 5]), 0);
    const labels = binaryLabels(made, 64);
    const x = numbers(made.columns.get('x')!.array);
    assert.ok(perceptronAccuracy(rowsOf(x, 5), labels) > 0.85);
  });

  it('makes what to say about a sequence depend on its first steps', () => {
    const shape = [64, 10, 4];
    const made = syntheticInputs(graphWith('float32', shape).graph, plan('float32', shape), 0);
    const labels = binaryLabels(made, 64);
    const sequences = rowsOf(numbers(made.columns.get('x')!.array), 40);
    const accuracy = (from: number, to: number) =>
      perceptronAccuracy(
        sequences.map((sequence) => sequence.slice(from * 4, to * 4)),
        labels,
      );
    assert.ok(accuracy(0, 3) > 0.85, `early ${accuracy(0, 3)}`);
    assert.ok(accuracy(3, 10) < 0.7, `late ${accuracy(3, 10)}`);
  });

  it('answers position by position where the target has the positions of the input', () => {
    const g = graphWith('int64', [4, 6]);
    const table = g.initializer('table', tensor('float32', [11, 3], Array(33).fill(0)));
    g.op('Gather', [table, g.value('x')], {}, { dtype: 'float32', shape: [4, 6, 3] });
    const made = syntheticInputs(g.graph, plan('int64', [4, 6]), 0);
    const target = syntheticTarget(made, { dtype: 'int64', shape: [4, 6] }, { kind: 'class', classes: 11 }, 0).array;
    assert.deepEqual(target.shape, [64, 6]);
    assert.ok(new Set(numbers(target)).size > 4);
  });

  it('stays within the range of the output', () => {
    const made = syntheticInputs(graphWith('float32', [8, 5]).graph, plan('float32', [8, 5]), 0);
    const type = { dtype: 'float32', shape: [8, 3] } as const;
    const values = (target: Parameters<typeof syntheticTarget>[2]) =>
      numbers(syntheticTarget(made, type, target, 0).array);
    assert.ok(values({ kind: 'number', range: 'unit' }).every((value) => value > 0 && value < 1));
    assert.deepEqual(new Set(values({ kind: 'binary' })), new Set([0, 1]));
    assert.ok(values({ kind: 'number', range: 'real' }).some((value) => Math.abs(value) > 1));
  });
});
