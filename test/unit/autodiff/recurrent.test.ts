import assert from 'node:assert/strict';
import { differentiate } from '../../../extension/autodiff/differentiate';
import { GraphBuilder, type AttributeInput, type Value } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';
import { floats, values } from './graphs';

const runtime = createRuntime();
const [length, batch, features, hidden] = [4, 2, 3, 2];

interface Example {
  about: string;
  op: 'RNN' | 'LSTM' | 'GRU';
  attributes?: Record<string, AttributeInput>;
  lengths?: number[];
  withoutBias?: boolean;
  withoutInitial?: boolean;
}

const examples: Example[] = [
  { about: 'RNN, forward', op: 'RNN' },
  { about: 'RNN, relu, reverse', op: 'RNN', attributes: { direction: 'reverse', activations: ['Relu'] } },
  { about: 'RNN, short sequences, both ways', op: 'RNN', attributes: { direction: 'bidirectional' }, lengths: [4, 2] },
  { about: 'LSTM, forward', op: 'LSTM' },
  { about: 'LSTM, both ways', op: 'LSTM', attributes: { direction: 'bidirectional' } },
  { about: 'LSTM, short sequences', op: 'LSTM', lengths: [3, 4] },
  { about: 'LSTM, short sequences, reverse', op: 'LSTM', attributes: { direction: 'reverse' }, lengths: [1, 4] },
  { about: 'LSTM, zero initial states, no bias', op: 'LSTM', withoutBias: true, withoutInitial: true },
  { about: 'GRU, as PyTorch', op: 'GRU', attributes: { linear_before_reset: 1 } },
  { about: 'GRU, both ways', op: 'GRU', attributes: { linear_before_reset: 1, direction: 'bidirectional' } },
  { about: 'GRU, no bias', op: 'GRU', attributes: { linear_before_reset: 1 }, withoutBias: true },
  { about: 'GRU, reset first', op: 'GRU' },
  { about: 'GRU, reset first, short sequences', op: 'GRU', lengths: [2, 4] },
];

/** The node and everything that is fed to it; the loss weighs all outputs differently. */
function model({ op, attributes = {}, lengths, withoutBias, withoutInitial }: Example) {
  const directions = attributes['direction'] === 'bidirectional' ? 2 : 1;
  const width = { RNN: 1, LSTM: 4, GRU: 3 }[op] * hidden;
  const states = [directions, batch, hidden];
  const g = new GraphBuilder(emptyGraph(op));
  const feeds = new Map<string, Tensor>();
  const feed = (name: string, ...shape: number[]): Value => {
    feeds.set(name, floats(...shape));
    return g.input(name, 'float32', shape);
  };
  const inputs = [
    feed('x', length, batch, features),
    feed('w', directions, width, features),
    feed('r', directions, width, hidden),
    withoutBias ? undefined : feed('b', directions, 2 * width),
    lengths && g.initializer('lengths', tensor('int32', [batch], lengths)),
    withoutInitial ? undefined : feed('h', ...states),
    withoutInitial || op !== 'LSTM' ? undefined : feed('c', ...states),
  ];
  const all = [length, directions, batch, hidden];
  const types = [all, states, ...(op === 'LSTM' ? [states] : [])].map(
    (shape) => ({ dtype: 'float32', shape }) as const,
  );
  const outputs = g.at({ layer: 'rnn' }, () => g.ops(op, inputs, { hidden_size: hidden, ...attributes }, types));
  return { g, feeds, outputs };
}

async function lossOf(example: Example, feeds: ReadonlyMap<string, Tensor>): Promise<number> {
  const { g, outputs } = model(example);
  for (const output of outputs) g.output(output);
  const results = await runtime.run(exportGraph(g.graph), feeds);
  return outputs.reduce((sum, { name, shape }) => {
    const weights = numbers(floats(...shape));
    return numbers(results.get(name)!).reduce((total, value, i) => total + value * weights[i]!, sum);
  }, 0);
}

describe('recurrent operators', () => {
  for (const example of examples)
    it(`are what the runtime computes, and their gradient what differences say: ${example.about}`, async () => {
      const { g, feeds, outputs } = model(example);
      const seeds = new Map(outputs.map((y) => [y.name, g.initializer('dy', floats(...y.shape))]));
      const gradients = differentiate(g, seeds, [...feeds.keys()]);
      assert.ok(!g.graph.nodes.some(({ opType }) => opType === example.op));
      for (const output of outputs) g.output(output);
      const wanted = [...feeds.keys()].map((name) => ({ name, gradient: g.identity(gradients.of(name)!) }));
      for (const { gradient } of wanted) g.output(gradient);
      const results = await runtime.run(exportGraph(g.graph), feeds);

      const plain = model(example);
      for (const output of plain.outputs) plain.g.output(output);
      for (const [name, expected] of await runtime.run(exportGraph(plain.g.graph), feeds))
        close(numbers(results.get(name)!), numbers(expected), 1e-5, name);

      // Along two dense directions, which no single wrong element escapes.
      for (const { name, gradient } of wanted)
        for (const phase of [0, 1]) {
          const original = feeds.get(name)!;
          const direction = values(numbers(original).length, phase);
          const shifted = (delta: number) => {
            const moved = numbers(original).map((value, i) => value + delta * direction[i]!);
            return lossOf(example, new Map(feeds).set(name, tensor('float32', original.shape, moved)));
          };
          const expected = ((await shifted(5e-3)) - (await shifted(-5e-3))) / 1e-2;
          const found = numbers(results.get(gradient.name)!).reduce((sum, value, i) => sum + value * direction[i]!, 0);
          close([found], [expected], 3e-3, `∂L/∂${name} along direction ${phase}`);
        }
    });

  it('tell the gradient of every step', async () => {
    const { g, feeds, outputs } = model({ about: '', op: 'RNN', attributes: { direction: 'bidirectional' } });
    const seed = g.initializer('dy', floats(...outputs[0]!.shape));
    const { throughTime } = differentiate(g, new Map([[outputs[0]!.name, seed]]), ['w']);
    assert.deepEqual(
      throughTime.map(({ module, weight, reverse, gradient }) => ({ module, weight, reverse, shape: gradient.shape })),
      [false, true].map((reverse) => ({ module: 'rnn', weight: 'r', reverse, shape: [length, batch, hidden] })),
    );
    for (const { gradient } of throughTime) g.output(gradient);
    const results = await runtime.run(exportGraph(g.graph), feeds);
    // Nothing flows back into the last step but what the loss says of it.
    const dy = numbers(floats(...outputs[0]!.shape));
    const [forward, reverse] = throughTime.map(({ gradient }) => numbers(results.get(gradient.name)!));
    const step = batch * hidden;
    close(forward!.slice(-step), dy.slice((length - 1) * 2 * step, (length - 1) * 2 * step + step), 1e-6, 'last step');
    close(reverse!.slice(0, step), dy.slice(step, 2 * step), 1e-6, 'first step');
  });

  it('are refused in forms that have no gradient', () => {
    const refused = (op: Example['op'], attributes: Record<string, AttributeInput>) => {
      const { g, outputs } = model({ about: '', op, attributes });
      return () => differentiate(g, new Map([[outputs[0]!.name, outputs[0]!]]), ['w']);
    };
    assert.throws(refused('LSTM', { clip: 0.5 }), /^InputError: LSTM "rnn\/LSTM" in layer rnn: clipping of the cell/);
    assert.throws(
      refused('LSTM', { activations: ['Sigmoid', 'Tanh', 'Softsign'] }),
      /activations sigmoid, tanh, softsign/,
    );
    assert.throws(refused('RNN', { activations: ['Affine'] }), /the activations affine have no gradient/);
    assert.throws(refused('LSTM', { input_forget: 1 }), /coupled input and forget gates/);
    const { g, outputs } = model({ about: '', op: 'LSTM' });
    g.graph.types.set('r', { dtype: 'float32', shape: [1, 4 * hidden, hidden - 1] });
    const seeds = new Map([[outputs[0]!.name, outputs[0]!]]);
    assert.throws(() => differentiate(g, seeds, ['w']), /a state that is projected to another size/);
  });
});

function close(found: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `${what}[${i}] is ${value}, not ${expected[i]!}`);
  });
}
