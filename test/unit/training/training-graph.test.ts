import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph, producers, type Graph, type Node } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { defaultOptimizer, type Experiment, type OptimizerSettings } from '../../../extension/protocol/experiment';
import {
  activationColumn,
  parameterColumn,
  rowWidth,
  stepColumn,
  type LayerInfo,
  type ParameterInfo,
} from '../../../extension/protocol/run';
import { createRuntime } from '../../../extension/trainer/runtime';
import { withoutLoop } from '../../../extension/training/step-loop';
import {
  buildTrainingGraph,
  type TrainingGraph,
  type TrainingRequest,
} from '../../../extension/training/training-graph';

const steps = 20;

/** What PyTorch computes (test/fixtures/training/generate.py). */
const fixture = JSON.parse(readFileSync(join('test', 'fixtures', 'training', 'trajectories.json'), 'utf8')) as {
  initial: Record<string, { shape: number[]; data: number[] }>;
  x: number[];
  y: number[];
  runs: Record<
    string,
    {
      steps: {
        loss: number;
        gradientNorm: number;
        clippedGradientNorm: number;
        gradientNorms: number[];
        updateNorms: number[];
        hidden: { mean: number; std: number; zeroShare: number; gradientRms: number; gradientMaxAbs: number };
      }[];
      final: Record<string, number[]>;
    }
  >;
};

const parameters = (frozen: readonly string[] = []): ParameterInfo[] =>
  Object.entries(fixture.initial).map(([name, { shape, data }]) => ({
    name,
    shape,
    size: data.length,
    trainable: !frozen.includes(name),
  }));

const layer = (name: string, op: string, owned: string[]): LayerInfo => ({
  name,
  op,
  kind: op === 'Gemm' ? 'linear' : 'activation',
  parameters: owned,
});

/** Linear(3, 5), ReLU, Linear(5, 2) on a batch of 8. @param scale of what the second layer gives. */
function network(scale = 1): Pick<TrainingRequest, 'forward' | 'layers' | 'output'> {
  const g = new GraphBuilder(emptyGraph('network'));
  const weights = Object.fromEntries(
    Object.entries(fixture.initial).map(([name, { shape, data }]) => [
      name,
      g.initializer(name, tensor('float32', shape, data)),
    ]),
  );
  const linear = (x: ReturnType<typeof g.input>, name: string) =>
    g.gemm(x, weights[`${name}.weight`]!, { transB: true, c: weights[`${name}.bias`]! });
  const before = g.at({ layer: '0' }, () => linear(g.input('x', 'float32', [8, 3]), '0'));
  const hidden = g.at({ layer: '1' }, () => g.unary('Relu', before));
  const output = g.at({ layer: '2' }, () => g.mul(linear(hidden, '2'), scale));
  g.output(output);
  return {
    forward: g.graph,
    output: output.name,
    layers: [
      { info: layer('0', 'Gemm', ['0.weight', '0.bias']), output: before.name },
      { info: layer('1', 'Relu', []), output: hidden.name },
      { info: layer('2', 'Gemm', ['2.weight', '2.bias']), output: output.name },
    ],
  };
}

const request = (changes: Partial<TrainingRequest> = {}): TrainingRequest => ({
  ...network(),
  parameters: parameters(),
  loss: 'cross-entropy',
  target: { dtype: 'int64', shape: [8] },
  optimizer: defaultOptimizer('sgd'),
  ...changes,
});

interface Trained {
  rows: number[][];
  states: Map<string, Tensor>;
}

/** `count` steps on the batch of the fixture, in calls of at most `chunk` steps. */
async function train(training: TrainingGraph, lr: number, count = steps, chunk = count): Promise<Trained> {
  const model = exportGraph(training.graph);
  const states = new Map(training.states.map((state) => [state.input, state.initial]));
  const rows: number[][] = [];
  for (let first = 0; first < count; first += chunk) {
    const length = Math.min(chunk, count - first);
    const repeat = (values: readonly number[]) => Array.from({ length }, () => values).flat();
    const feeds = new Map<string, Tensor>(states);
    if (training.graph.inputs.some(({ name }) => name === training.count))
      feeds.set(training.count, tensor('int64', [], [length]));
    feeds.set(training.batches.get('x')!.input, tensor('float32', [length, 8, 3], repeat(fixture.x)));
    feeds.set(training.batches.get('target')!.input, tensor('int64', [length, 8], repeat(fixture.y)));
    training.rates.forEach((name, i) => {
      const rates = Array.from({ length }, (_, step) => training.optimizer.ratesAt(first + step, lr)[i]!);
      feeds.set(name, tensor('float32', [length], rates));
    });
    const results = await createRuntime().run(model, feeds);
    const retake = training.retake(results.get(training.rows)!.data as Float32Array);
    if (retake) return train(retake.training, lr, count, chunk);
    for (const state of training.states) states.set(state.input, results.get(state.output)!);
    const values = [...training.read(results.get(training.rows)!.data as Float32Array)];
    const width = values.length / length;
    for (let step = 0; step < length; step++) rows.push(values.slice(step * width, (step + 1) * width));
  }
  return { rows, states };
}

const close = (actual: number, expected: number, what: string, tolerance = 1e-4): void => {
  assert.ok(
    Math.abs(actual - expected) <= 1e-6 + tolerance * Math.abs(expected),
    `${what}: ${actual} instead of ${expected}`,
  );
};

describe('buildTrainingGraph', () => {
  const runs: Record<string, { optimizer: OptimizerSettings; clipping?: Experiment['clipping'] }> = {
    sgd: { optimizer: defaultOptimizer('sgd') },
    'sgd-momentum': { optimizer: { ...defaultOptimizer('sgd'), lr: 0.05, momentum: 0.9 } },
    'sgd-nesterov': { optimizer: { ...defaultOptimizer('sgd'), lr: 0.05, momentum: 0.9, nesterov: true } },
    'sgd-decay': { optimizer: { ...defaultOptimizer('sgd'), momentum: 0.5, weightDecay: 0.1 } },
    adam: { optimizer: { ...defaultOptimizer('adam'), lr: 0.01 } },
    'adam-decay': {
      optimizer: { ...defaultOptimizer('adam'), lr: 0.01, betas: [0.8, 0.95], eps: 1e-6, weightDecay: 0.1 },
    },
    adamw: { optimizer: { ...defaultOptimizer('adamw'), lr: 0.01, weightDecay: 0.1 } },
    'clip-norm': { optimizer: defaultOptimizer('sgd'), clipping: { kind: 'norm', limit: 0.2 } },
    'clip-value': { optimizer: defaultOptimizer('sgd'), clipping: { kind: 'value', limit: 0.02 } },
  };
  for (const [name, { optimizer, clipping }] of Object.entries(runs))
    it(`follows PyTorch for ${steps} steps: ${name}`, async () => {
      const training = buildTrainingGraph(request({ optimizer, clipping }));
      const { layout } = training;
      const { rows, states } = await train(training, optimizer.lr, steps, 7);
      const expected = fixture.runs[name]!;
      rows.forEach((row, step) => {
        const right = expected.steps[step]!;
        assert.equal(row.length, rowWidth(layout));
        close(row[stepColumn('loss')]!, right.loss, `loss at step ${step}`);
        close(row[stepColumn('gradientNorm')]!, right.gradientNorm, `gradient norm at step ${step}`);
        close(row[stepColumn('clippedGradientNorm')]!, right.clippedGradientNorm, `clipped norm at step ${step}`);
        right.gradientNorms.forEach((norm, i) => {
          close(row[parameterColumn(layout, i, 'gradientNorm')]!, norm, `gradient of parameter ${i} at step ${step}`);
        });
        right.updateNorms.forEach((norm, i) => {
          close(row[parameterColumn(layout, i, 'updateNorm')]!, norm, `update of parameter ${i} at step ${step}`, 1e-3);
        });
        for (const column of ['mean', 'std', 'zeroShare', 'gradientRms', 'gradientMaxAbs'] as const)
          close(row[activationColumn(1, column)]!, right.hidden[column], `${column} of the ReLU at step ${step}`);
      });
      for (const { initializer, input } of training.states)
        if (initializer !== undefined)
          numbers(states.get(input)!).forEach((value, i) => {
            close(value, expected.final[initializer]![i]!, `${initializer}[${i}]`, 1e-3);
          });
    });

  it('takes many steps in one call exactly as in many calls', async () => {
    const training = buildTrainingGraph(request({ optimizer: defaultOptimizer('adam') }));
    const [one, many] = [await train(training, 1e-3, 6, 6), await train(training, 1e-3, 6, 1)];
    assert.deepEqual(one, many);
  });

  it('takes a step without the loop exactly as with it', async () => {
    const training = buildTrainingGraph(request({ optimizer: defaultOptimizer('adam') }));
    const single = { ...training, graph: withoutLoop(training.graph) };
    assert.ok(single.graph.nodes.every(({ opType }) => opType !== 'Loop'));
    const [looped, alone] = [await train(training, 0.1), await train(single, 0.1, steps, 1)];
    assert.deepEqual(alone.rows, looped.rows);
    assert.deepEqual([...alone.states], [...looped.states]);
  });

  it('trains the same with telemetry and without', async () => {
    const without = buildTrainingGraph(request({ telemetry: false }));
    const { rows } = await train(without, 0.1);
    assert.equal(rows[0]!.length, rowWidth(without.layout));
    rows.forEach((row, step) => {
      close(row[stepColumn('loss')]!, fixture.runs.sgd!.steps[step]!.loss, `loss at step ${step}`);
    });
  });

  it('sees gradients far below the square root of the smallest float', async () => {
    for (const scale of [1e-24, 1e-30, 1e-36]) {
      const training = buildTrainingGraph(request({ ...network(scale), clipping: { kind: 'norm', limit: 1 } }));
      const [row] = (await train(training, 0.1, 1)).rows;
      const { layout } = training;
      const norm = row![parameterColumn(layout, 2, 'gradientNorm')]!;
      assert.ok(norm > 0.01 * scale && norm < scale, `norm ${norm} at scale ${scale}`);
      close(row![parameterColumn(layout, 2, 'updateNorm')]! / norm, 0.1, 'update per gradient', 1e-3);
      assert.ok(row![stepColumn('gradientNorm')]! >= norm);
      assert.ok(row![activationColumn(1, 'gradientRms')]! > 0);
    }
  });

  it('does not call large gradients infinite', async () => {
    const training = buildTrainingGraph(request(network(1e25)));
    const [row] = (await train(training, 0, 1)).rows;
    const norm = row![parameterColumn(training.layout, 2, 'gradientNorm')]!;
    assert.ok(norm > 1e23 && norm < 1e27, `norm ${norm}`);
    assert.equal(row![parameterColumn(training.layout, 2, 'gradientNonFinite')], 0);
  });

  it('goes on after a NaN and counts what is not finite', async () => {
    const forward = network();
    forward.forward.initializers.set('2.bias', tensor('float32', [2], [NaN, 0]));
    const training = buildTrainingGraph(request(forward));
    const [row] = (await train(training, 0.1, 2)).rows;
    assert.ok(Number.isNaN(row![stepColumn('loss')]!));
    assert.equal(row![parameterColumn(training.layout, 2, 'gradientNonFinite')], 10);
  });

  it('leaves frozen parameters alone', async () => {
    const training = buildTrainingGraph(request({ parameters: parameters(['0.weight']) }));
    const { rows } = await train(training, 0.1, 3);
    const column = (name: 'gradientNorm' | 'updateNorm' | 'weightNorm') =>
      rows.map((row) => row[parameterColumn(training.layout, 0, name)]!);
    assert.deepEqual(column('gradientNorm'), [NaN, NaN, NaN]);
    assert.deepEqual(column('updateNorm'), [0, 0, 0]);
    assert.equal(new Set(column('weightNorm')).size, 1);
  });

  it('calls a unit dead that has not fired since the run began', async () => {
    const broken = network();
    // Units 3 and 4 never fire on this batch: their biases are far below zero.
    const bias = fixture.initial['0.bias']!.data.map((value, i) => (i < 3 ? value + 5 : -1000));
    broken.forward.initializers.set('0.bias', tensor('float32', [5], bias));
    const training = buildTrainingGraph(request(broken));
    const { rows } = await train(training, 0, 2, 1);
    for (const row of rows) {
      close(row[activationColumn(1, 'deadShare')]!, 2 / 5, 'dead share');
      assert.ok(Number.isNaN(row[activationColumn(0, 'deadShare')]!));
    }
  });

  it('keeps few nodes waiting when the runtime orders them, which takes time squared of them', () => {
    const deep = chain(100);
    const { graph } = buildTrainingGraph(request(deep));
    const body = graph.nodes.find(({ opType }) => opType === 'Loop')!.attributes.body;
    assert.ok(body?.type === 'graph');
    const waiting = mostWaiting(body.value);
    assert.ok(waiting < body.value.nodes.length / 20, `${waiting} of ${body.value.nodes.length} nodes wait`);
  });
});

/** Layers of a product with a matrix, a bias and a tanh. */
function chain(depth: number): Partial<TrainingRequest> {
  const g = new GraphBuilder(emptyGraph('chain'));
  const shape = [4, 4];
  let x = g.input('x', 'float32', shape);
  const layers = Array.from({ length: depth }, (_, i) => {
    const weight = g.initializer(`${i}.weight`, tensor('float32', shape, Array<number>(16).fill(0.1)));
    const bias = g.initializer(`${i}.bias`, tensor('float32', [4], [0, 0, 0, 0]));
    x = g.unary('Tanh', g.gemm(x, weight, { c: bias }));
    return { info: layer(`${i}`, 'Tanh', [weight.name, bias.name]), output: x.name };
  });
  g.output(x);
  return {
    forward: g.graph,
    output: x.name,
    layers,
    parameters: [...g.graph.initializers].map(([name, { shape, data }]) => ({
      name,
      shape,
      size: data.length,
      trainable: true,
    })),
    loss: 'mse',
    target: { dtype: 'float32', shape },
  };
}

/** Of nodes that are taken as soon as their inputs are there, the first of the list first: how many are there at most. */
function mostWaiting({ nodes }: Graph): number {
  const made = producers({ nodes } as Graph);
  const makers = nodes.map(({ inputs }) => new Set(inputs.flatMap((input) => made.get(input) ?? [])));
  const takers = new Map(nodes.map((node): [Node, number[]] => [node, []]));
  makers.forEach((of, i) => {
    for (const maker of of) takers.get(maker)!.push(i);
  });
  const ready = new Set(makers.flatMap((of, i) => (of.size === 0 ? [i] : [])));
  let most = 0;
  while (ready.size > 0) {
    most = Math.max(most, ready.size);
    const next = Math.min(...ready);
    ready.delete(next);
    for (const taker of takers.get(nodes[next]!)!) {
      makers[taker]!.delete(nodes[next]!);
      if (makers[taker]!.size === 0) ready.add(taker);
    }
  }
  return most;
}
