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
    ['model: a.onnx\nstesp: 3', 'Unknown field "stesp". Did you mean "steps"?', 1, 0],
    ['model: a.onnx\nsteps: -3', 'Write a number above 0.', 1, 7],
    ['steps: 1.5', 'Write a whole number.', 0, 7],
    ['batch: many', 'Write a number.', 0, 7],
    ['model: a.onnx\noptimizer: { sgd: { lr: fast } }', 'Write a number.', 1, 24],
    ['optimizer: sgdd', 'Write sgd, adam or adamw, or { sgd: { lr: 0.1 } }. Did you mean "sgd"?', 0, 11],
    [
      'optimizer: { sgd: { learning_rate: 1 } }',
      'Unknown field "learning_rate". There are: lr, momentum, nesterov, weight_decay.',
      0,
      20,
    ],
    ['data: x.npz', 'Write { npz: FILE }, or { synthetic: classification }.', 0, 6],
    ['data: { synthetic: images }', 'Write one of classification, regression.', 0, 19],
    [
      'remedies: [ relu, kaiming_normal ]',
      'No remedy is called "kaiming_normal". Did you mean "kaiming-normal"?',
      0,
      18,
    ],
    ['remedies: [ { reul: {} } ]', 'No remedy is called "reul". Did you mean "relu"?', 0, 14],
    ['remedies: [ { clip-grad-norm: { maxnorm: 1 } } ]', 'Unknown field "maxnorm". Did you mean "max_norm"?', 0, 32],
    ['remedies: [ { clip-grad-norm: { units: [ a ] } } ]', '"clip-grad-norm" changes no layers.', 0, 39],
    ['remedies: relu', 'Write a list, such as [ a, b ].', 0, 10],
    ['schedule: relu', 'No schedule is called "relu".', 0, 10],
    ['compare: [ a ]', 'Write 2 or more entries.', 0, 9],
    ['sweep: { run: a }', 'The field "over" is missing.', 0, 7],
    [
      'sweep: { run: a, over: { optimzer.sgd.lr: [ 1 ] } }',
      'No field is called "optimzer.sgd.lr". Did you mean "optimizer.sgd.lr"?',
      0,
      25,
    ],
    ['sweep: { run: a, over: { steps: [ 3, many ] } }', 'Write a number.', 0, 37],
    ['name: a\nname: b', 'This field is there twice.', 1, 0],
    ['data:\n\tnpz: a', 'Indent with spaces, not with tabs.', 1, 0],
    ['name: *there', 'Unresolved alias (the anchor must be set before the alias): there', 0, 0],
    ['model: [', 'Flow sequence in block collection must be sufficiently indented and end with a ]', 0, 8],
  ] as const)
    it(`point at what is wrong in ${JSON.stringify(text)}`, () => {
      const [problem, ...others] = readCell(text).problems;
      assert.equal(problem!.message, message);
      assert.deepEqual(others, []);
      assert.deepEqual(problem!.range.start, { line, character });
    });

  it('sweep fields whose companions only the experiment has', () => {
    const sweep = 'sweep: { run: a, over: { data.validation: [ 0.1, 0.2 ], remedies: [ null ] } }';
    assert.deepEqual(readCell('sweep: { run: a, over: { data.validation: [ 0.1, 0.2 ] } }').problems, []);
    assert.equal(readCell(sweep).cell, undefined);
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
