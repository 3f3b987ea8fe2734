import assert from 'node:assert/strict';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { defaultOptimizer, type Experiment } from '../../../extension/protocol/experiment';
import { activationColumn, parameterColumn, rowWidth } from '../../../extension/protocol/run';
import { TrainingSession } from '../../../extension/trainer/training-session';
import { buildTrainingGraph } from '../../../extension/training/training-graph';

const steps = 30;

/** Two matrices, of which the optimizer leaves a tenth at every step; so all that is measured vanishes with them. */
function shrinking(clipping?: Experiment['clipping']) {
  const g = new GraphBuilder(emptyGraph('network'));
  const [first, second] = ['first', 'second'].map((name) =>
    g.initializer(name, tensor('float32', [2, 2], [0.5, -1, 2, 0.25])),
  );
  const hidden = g.matmul(g.input('x', 'float32', [3, 2]), first!);
  const output = g.matmul(hidden, second!);
  g.output(output);
  return buildTrainingGraph({
    forward: g.graph,
    layers: [hidden, output].map((value, i) => ({
      info: { name: `${i}`, op: 'MatMul', kind: 'linear', parameters: [[first, second][i]!.name] },
      output: value.name,
    })),
    parameters: [first, second].map(({ name } = first!) => ({ name, shape: [2, 2], size: 4, trainable: true })),
    loss: 'mse',
    output: output.name,
    target: { dtype: 'float32', shape: [3, 2] },
    optimizer: { ...defaultOptimizer('sgd'), weightDecay: 0.9 },
    clipping,
  });
}

/** All steps on one batch, in calls of stated lengths. */
async function train(lengths: readonly number[], clipping?: Experiment['clipping']) {
  const training = shrinking(clipping);
  const session = await TrainingSession.open(training, { provider: 'cpu', threads: 1 });
  const stack = (length: number, value: number): Tensor =>
    tensor('float32', [length, 3, 2], Array<number>(6 * length).fill(value));
  const rows: number[] = [];
  try {
    let taken = 0;
    for (const length of lengths) {
      const batches = new Map([
        ['x', stack(length, 1e-3)],
        ['target', stack(length, 0)],
      ]);
      rows.push(...(await session.run(taken, Array<number>(length).fill(1), batches)));
      taken += length;
    }
    const weights = [...(await session.weightsOnHost())].map(([name, value]) => [name, ...numbers(value)]);
    return { rows, weights, layout: training.layout };
  } finally {
    await session.release();
  }
}

describe('TrainingSession', () => {
  it('measures what vanishes during training', async () => {
    const { rows, layout } = await train([steps]);
    const width = rowWidth(layout);
    const norm = Math.hypot(0.5, 1, 2, 0.25);
    for (let step = 0; step < steps; step++) {
      const row = rows.slice(step * width, (step + 1) * width);
      const left = 0.1 ** step;
      const weightNorm = row[parameterColumn(layout, 0, 'weightNorm')]!;
      assert.ok(Math.abs(weightNorm / (norm * left) - 1) < 1e-3, `step ${step}: weights of norm ${weightNorm}`);
      // Of three samples of x · first: 0.0025 and -0.00075 times what is left.
      const std = row[activationColumn(0, 'std')]!;
      assert.ok(Math.abs(std / (0.001625 * left) - 1) < 1e-3, `step ${step}: activations of deviation ${std}`);
    }
  });

  for (const clipping of [undefined, { kind: 'norm', limit: 1e-9 }, { kind: 'value', limit: 1e-9 }] as const)
    it(`gives the same bits however many steps a call takes, ${clipping?.kind ?? 'without'} clipping`, async () => {
      const [whole, ...others] = [
        await train([steps], clipping),
        await train([1, 7, 22], clipping),
        await train(Array<number>(steps).fill(1), clipping),
      ];
      for (const other of others) assert.deepEqual(other, whole);
    });

  for (const id of ['sgd', 'adam'] as const)
    it(`tells of each of many vectors what becomes of it: ${id}`, async () => {
      const training = biases(id);
      const { layout } = training;
      const session = await TrainingSession.open(training, { provider: 'cpu', threads: 1 });
      try {
        const batches = new Map([
          ['x', tensor('float32', [1, 3, 2], [0.1, -0.2, 0.3, 0.4, -0.5, 0.6])],
          ['target', tensor('float32', [1, 3, 2], [1, 0, 1, 0, 1, 0])],
        ]);
        for (let step = 0; step < 3; step++) {
          const before = await session.weightsOnHost();
          const row = await session.run(step, [0.1], batches);
          const after = await session.weightsOnHost();
          layout.parameters.forEach(({ name }, i) => {
            const [old, moved] = [before, after].map((weights) => numbers(weights.get(name)!));
            const told = (column: 'weightNorm' | 'updateNorm' | 'gradientNorm' | 'gradientMaxAbs') =>
              row[parameterColumn(layout, i, column)]!;
            const steps = moved!.map((value, k) => value - old![k]!);
            near(told('weightNorm'), Math.hypot(...old!), `weight of ${name}`);
            near(told('updateNorm'), Math.hypot(...steps), `step of ${name}`);
            if (id === 'adam') return;
            near(told('gradientNorm'), Math.hypot(...steps) / 0.1, `gradient of ${name}`);
            near(told('gradientMaxAbs'), Math.max(...steps.map(Math.abs)) / 0.1, `largest gradient of ${name}`);
          });
        }
      } finally {
        await session.release();
      }
    });
});

const near = (actual: number, expected: number, what: string): void => {
  assert.ok(Math.abs(actual - expected) <= 1e-6 + 1e-4 * expected, `${what}: ${actual} instead of ${expected}`);
};

/** Twelve times a bias of two elements, and a tanh. */
function biases(id: 'sgd' | 'adam') {
  const g = new GraphBuilder(emptyGraph('network'));
  let x = g.input('x', 'float32', [3, 2]);
  const names = Array.from({ length: 12 }, (_, i) => {
    const bias = g.initializer(`bias ${i}`, tensor('float32', [2], [0.1 * i, 0.5 - 0.1 * i]));
    x = g.unary('Tanh', g.add(x, bias));
    return bias.name;
  });
  g.output(x);
  return buildTrainingGraph({
    forward: g.graph,
    layers: [],
    parameters: names.map((name) => ({ name, shape: [2], size: 2, trainable: true })),
    loss: 'mse',
    output: x.name,
    target: { dtype: 'float32', shape: [3, 2] },
    optimizer: defaultOptimizer(id),
  });
}
