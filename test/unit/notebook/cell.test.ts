import assert from 'node:assert/strict';
import { readCell } from '../../../extension/notebook/cell';
import { experimentOf } from '../../../extension/notebook/cell-experiment';
import type { ExperimentCell } from '../../../extension/notebook/cell-schema';
import { sweepPoints, sweepSize } from '../../../extension/notebook/sweep';

const experiment = (text: string): ExperimentCell => {
  const { cell, problems } = readCell(text);
  assert.deepEqual(problems, []);
  assert.equal(cell?.kind, 'experiment');
  return cell.value;
};

describe('experiment cells', () => {
  it('read as the contract writes them', () => {
    const cell = experiment(`
name: baseline
model: models/deep_sigmoid.onnx
data: { npz: data/batch.npz, validation: 0.2 }
batch: 64
loss: cross-entropy
optimizer: { sgd: { lr: 0.1, momentum: 0.9 } }
schedule: { cosine-annealing-lr: { t_max: 200, eta_min: 1e-6, unit: step } }
remedies: [ { clip-grad-norm: { max_norm: 1.0 } }, { kaiming-normal: {} } ]
steps: 200
seed: 0
`);
    const { model, data, optimizer, schedule, remedies } = experimentOf(cell, '/lab', 'cpu');
    assert.equal(model, '/lab/models/deep_sigmoid.onnx');
    assert.deepEqual(data, { kind: 'file', path: '/lab/data/batch.npz', validation: 0.2 });
    assert.equal(optimizer.momentum, 0.9);
    assert.deepEqual(schedule, { id: 'cosine-annealing-lr', parameters: { t_max: 200, eta_min: 1e-6, unit: 'step' } });
    assert.deepEqual(
      remedies.map(({ id }) => id),
      ['clip-grad-norm', 'kaiming-normal'],
    );
  });

  for (const [text, message, line, character] of [
    ['model: a.onnx\nstesp: 3', /Unknown field "stesp"/, 1, 0],
    ['model: a.onnx\nsteps: -3', /greater|>0|Too small/i, 1, 7],
    ['model: a.onnx\noptimizer: { sgd: { lr: fast } }', /number/i, 1, 24],
    ['model: [', /./, 0, 8],
  ] as const)
    it(`point at what is wrong in ${JSON.stringify(text)}`, () => {
      const [problem] = readCell(text).problems;
      assert.match(problem!.message, message);
      assert.deepEqual(problem!.range.start, { line, character });
    });

  it('sweep over every combination, the last field fastest', () => {
    const { cell } = readCell('sweep: { run: a, over: { optimizer.sgd.lr: [0.01, 0.1], seed: [0, 1] } }');
    assert.equal(cell?.kind, 'sweep');
    assert.equal(sweepSize(cell.value), 4);
    const points = sweepPoints(cell.value, experiment('name: a\nmodel: a.onnx\noptimizer: { sgd: { momentum: 0.9 } }'));
    assert.equal(points[1]!.label, 'optimizer.sgd.lr=0.01, seed=1');
    assert.deepEqual(points[3]!.cell.optimizer, { sgd: { momentum: 0.9, lr: 0.1 } });
    assert.throws(
      () => sweepPoints({ sweep: { run: 'a', over: { steps: ['many'] } } }, points[0]!.cell),
      /sweep: steps=many/,
    );
  });
});
