import assert from 'node:assert/strict';
import { findUnrolled } from '../../../extension/autodiff/recurrent/unrolled';
import { GraphBuilder, type Value } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph, type Graph } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { defaultOptimizer } from '../../../extension/protocol/experiment';
import { recurrenceName, type LayerInfo } from '../../../extension/protocol/run';
import { createRuntime } from '../../../extension/trainer/runtime';
import { buildTrainingGraph } from '../../../extension/training/training-graph';
import { floats } from '../autodiff/graphs';

const [length, batch, features, hidden] = [6, 2, 3, 4];

/** Inputs and weights of one direction, or of two. */
function start(directions: 1 | 2) {
  const g = new GraphBuilder(emptyGraph('network'));
  const x = g.input('x', 'float32', [length, batch, features]);
  const weights = ['', '_reverse'].slice(0, directions).map((suffix, i) => ({
    w: g.initializer(`weight_ih_l0${suffix}`, floats(hidden, features)),
    // Small, so that gradients vanish.
    r: g.initializer(
      `weight_hh_l0${suffix}`,
      tensor(
        'float32',
        [hidden, hidden],
        numbers(floats(hidden, hidden)).map((value) => value * (0.1 + 0.2 * i)),
      ),
    ),
  }));
  return { g, x, weights };
}

const elementAt = (g: GraphBuilder, x: Value, t: number): Value =>
  g.op('Gather', [x, g.scalar(t, 'int64')], { axis: 0 }, { ...x, shape: x.shape.slice(1) });

/** h' = tanh(W·x + R·h) as an operator. */
function byOperator(directions: 1 | 2): Graph {
  const { g, x, weights } = start(directions);
  const stacked = (name: 'w' | 'r'): Value =>
    g.concat(
      weights.map((of) => g.reshape(of[name], [1, ...of[name].shape])),
      0,
    );
  const shape = [length, directions, batch, hidden];
  const direction = directions === 1 ? 'forward' : 'bidirectional';
  const y = g.at({ layer: 'rnn' }, () =>
    g.op('RNN', [x, stacked('w'), stacked('r')], { hidden_size: hidden, direction }, { dtype: 'float32', shape }),
  );
  // The last step of each direction: t = 5 there, t = 0 on the way back.
  const last = Array.from({ length: directions }, (_, d) => {
    const at = d === 0 ? length - 1 : 0;
    return g.reshape(g.slice(g.slice(y, 0, at, at + 1), 1, d, d + 1), [batch, hidden]);
  });
  g.output(g.concat(last, 1));
  return g.graph;
}

/** The same, one node after the other. */
function writtenOut(directions: 1 | 2): Graph {
  const { g, x, weights } = start(directions);
  const last = weights.map(({ w, r }, d) =>
    g.at({ layer: 'rnn' }, () => {
      let h: Value = g.constant('float32', [batch, hidden], Array<number>(batch * hidden).fill(0));
      for (let step = 0; step < length; step++) {
        const t = d === 0 ? step : length - 1 - step;
        const item = elementAt(g, x, t);
        h = g.unary('Tanh', g.add(g.gemm(item, w, { transB: true }), g.gemm(h, r, { transB: true })));
      }
      return h;
    }),
  );
  g.output(g.concat(last, 1));
  return g.graph;
}

const runtime = createRuntime();

/** The recurrences by name, with the norms of one step. */
async function measured(forward: Graph) {
  const parameters = [...forward.initializers]
    .filter(([name]) => name.startsWith('weight'))
    .map(([name, { shape, data }]) => ({ name, shape, size: data.length, trainable: true }));
  const info: LayerInfo = { name: 'rnn', op: 'RNN', kind: 'recurrent', parameters: parameters.map(({ name }) => name) };
  const output = forward.outputs[0]!.name;
  let training = buildTrainingGraph({
    forward,
    layers: [{ info, output }],
    parameters,
    loss: 'mse',
    output,
    target: { dtype: 'float32', shape: forward.outputs[0]!.shape as number[] },
    optimizer: defaultOptimizer('sgd'),
  });
  const feeds = new Map<string, Tensor>(training.states.map(({ input, initial }) => [input, initial]));
  feeds.set(training.count, tensor('int64', [], [1]));
  for (const { input, type } of training.batches.values()) feeds.set(input, floats(1, ...type.shape));
  for (const rate of training.rates) feeds.set(rate, tensor('float32', [1], [0.1]));
  let results = await runtime.run(exportGraph(training.graph), feeds);
  const retake = training.retake(results.get(training.rows)!.data as Float32Array);
  if (retake) {
    training = retake.training;
    results = await runtime.run(exportGraph(training.graph), feeds);
  }
  const row = [...training.read(results.get(training.rows)!.data as Float32Array)];
  return training.layout.throughTime.map((columns) => ({
    name: recurrenceName(columns),
    reverse: columns.reverse ?? false,
    norms: row.slice(columns.offset, columns.offset + columns.length),
  }));
}

describe('gradients through time', () => {
  it('are measured at every step, and vanish through small weights', async () => {
    const [rnn, ...others] = await measured(byOperator(1));
    assert.equal(others.length, 0);
    assert.equal(rnn!.name, 'rnn');
    assert.equal(rnn!.norms.length, length);
    rnn!.norms.forEach((norm, t) => {
      assert.ok(t === 0 || norm > 2 * rnn!.norms[t - 1]!, `step ${t}: ${rnn!.norms.join()}`);
    });
    assert.ok(rnn!.norms[0]! > 0);
  });

  for (const directions of [1, 2] as const)
    it(`are those of the operator where the steps are written out: ${directions === 1 ? 'one way' : 'both ways'}`, async () => {
      const [expected, found] = [await measured(byOperator(directions)), await measured(writtenOut(directions))];
      const names = directions === 1 ? ['rnn'] : ['rnn l0', 'rnn l0_reverse'];
      assert.deepEqual(
        expected.map(({ name }) => name),
        names,
      );
      assert.deepEqual(
        found.map(({ name, reverse }) => ({ name, reverse })),
        expected.map(({ name, reverse }) => ({ name, reverse })),
      );
      found.forEach(({ norms }, i) => {
        norms.forEach((norm, t) => {
          const right = expected[i]!.norms[t]!;
          assert.ok(Math.abs(norm - right) <= 1e-4 * right, `${norm} at t = ${t}, not ${right}`);
        });
      });
    });

  it('know a state that is laid beside the input, and gated', () => {
    const g = new GraphBuilder(emptyGraph('network'));
    const x = g.input('x', 'float32', [length, batch, features]);
    const w = g.initializer('w', floats(features + hidden, 2 * hidden));
    const states: string[] = [];
    let h: Value = g.constant('float32', [batch, hidden], Array<number>(batch * hidden).fill(0));
    for (let t = 0; t < length; t++) {
      const both = g.matmul(g.concat([elementAt(g, x, t), h], 1), w);
      const [content, gate] = g.split(both, [hidden, hidden], 1);
      h = g.mul(g.unary('Sigmoid', gate!), g.unary('Tanh', content!));
      states.push(h.name);
    }
    g.output(h);
    assert.deepEqual(findUnrolled(g.graph, ['w']), [{ module: '', weight: 'w', states }]);
  });

  it('are no matter of a block that is applied again and again', () => {
    const g = new GraphBuilder(emptyGraph('shared'));
    const w = g.initializer('w', floats(hidden, hidden));
    let h = g.input('x', 'float32', [batch, hidden]);
    for (let depth = 0; depth < length; depth++) h = g.add(h, g.unary('Tanh', g.matmul(h, w)));
    g.output(h);
    assert.deepEqual(findUnrolled(g.graph, ['w']), []);
  });

  it('are no matter of two branches with the same weights', () => {
    const g = new GraphBuilder(emptyGraph('siamese'));
    const w = g.initializer('w', floats(features, hidden));
    const x = g.input('x', 'float32', [length, batch, features]);
    const branches = Array.from({ length }, (_, t) => g.matmul(elementAt(g, x, t), w));
    g.output(g.concat(branches, 1));
    assert.deepEqual(findUnrolled(g.graph, ['w']), []);
  });
});
