import assert from 'node:assert/strict';
import { restoreMode } from '../../../extension/autodiff/mode';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph, type Graph } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';
import { floats } from './graphs';

const runtime = createRuntime();

/** A batch normalization in inference mode, as the exporter writes it, of [4, 2, 3]. */
function normalization(): Graph {
  const g = new GraphBuilder(emptyGraph('norm'));
  const x = g.input('x', 'float32', [4, 2, 3]);
  const one = (name: string, ...values: number[]) => g.initializer(name, tensor('float32', [2], values));
  const inputs = [x, one('scale', 1, 2), one('bias', 0, 1), one('mean', 0.5, 0), one('variance', 1, 4)];
  g.output(g.op('BatchNormalization', inputs, { momentum: { type: 'float', value: 0.9 } }, x));
  return g.graph;
}

function dropout(ratio: number): Graph {
  const g = new GraphBuilder(emptyGraph('drop'));
  const x = g.input('x', 'float32', [1000]);
  g.output(g.op('Dropout', [x, g.scalar(ratio)], {}, x));
  return g.graph;
}

async function run(graph: Graph, x: Tensor, names: readonly string[]): Promise<number[][]> {
  const asked = { ...graph, outputs: names.map((name) => ({ name, ...graph.types.get(name)! })) };
  const results = await runtime.run(exportGraph(asked), new Map([['x', x]]));
  return names.map((name) => numbers(results.get(name)!));
}

const close = (found: readonly number[], expected: readonly number[]) => {
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${value} is not ${expected[i]!}`);
  });
};

describe('restoreMode', () => {
  const x = floats(4, 2, 3);
  const output = normalization().outputs[0]!.name;
  const ofChannel = (channel: number) => numbers(x).filter((_, i) => Math.floor(i / 3) % 2 === channel);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
  const variance = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2));

  it('gives a graph of its own: what is built on it is not in the next one', () => {
    const whole = dropout(0.5);
    const { graph } = restoreMode(whole, 'as-exported');
    graph.inputs.push({ name: 'target', dtype: 'float32', shape: [] });
    graph.nodes[0]!.outputs.push('mask');
    const next = restoreMode(whole, 'as-exported').graph;
    assert.deepEqual(
      next.inputs.map(({ name }) => name),
      ['x'],
    );
    assert.equal(next.nodes[0]!.outputs.includes('mask'), false);
  });

  for (const decompose of [false, true])
    it(`normalizes by the batch and updates the buffers as PyTorch does${decompose ? ', decomposed' : ''}`, async () => {
      const { graph, updates } = restoreMode(normalization(), 'train', { decompose });
      assert.deepEqual(
        updates.map(({ name }) => name),
        ['mean', 'variance'],
      );
      const [y, newMean, newVariance] = await run(graph, x, [output, ...updates.map(({ value }) => value)]);
      const channels = [ofChannel(0), ofChannel(1)];
      close(newMean!, [0.45 + 0.1 * mean(channels[0]!), 0.1 * mean(channels[1]!)]);
      close(newVariance!, [
        0.9 + 0.1 * variance(channels[0]!) * (12 / 11),
        3.6 + 0.1 * variance(channels[1]!) * (12 / 11),
      ]);
      const expected = numbers(x).map((value, i) => {
        const channel = Math.floor(i / 3) % 2;
        const values = channels[channel]!;
        const normalized = (value - mean(values)) / Math.sqrt(variance(values) + 1e-5);
        return channel === 0 ? normalized : 2 * normalized + 1;
      });
      close(y!, expected);
    });

  it('updates buffers that two layers share one after the other', async () => {
    const graph = normalization();
    const again = {
      ...graph.nodes[0]!,
      name: 'again',
      inputs: [output, ...graph.nodes[0]!.inputs.slice(1)],
      outputs: ['z'],
    };
    graph.nodes.push(again);
    graph.types.set('z', graph.types.get(output)!);
    const { updates, graph: training } = restoreMode(graph, 'train');
    assert.equal(updates.length, 2);
    const [newMean] = await run(training, x, [updates[0]!.value]);
    // The second layer sees the scaled and shifted output of the first, whose mean is its bias.
    const first = [0.45 + 0.1 * mean(ofChannel(0)), 0.1 * mean(ofChannel(1))];
    close(newMean!, [0.9 * first[0]!, 0.9 * first[1]! + 0.1]);
  });

  it('leaves the running statistics alone in evaluation', async () => {
    const { graph, updates } = restoreMode(normalization(), 'eval');
    assert.deepEqual(updates, []);
    const [y] = await run(graph, x, [output]);
    const expected = numbers(x).map((value, i) =>
      Math.floor(i / 3) % 2 === 0 ? (value - 0.5) / Math.sqrt(1 + 1e-5) : (2 * value) / Math.sqrt(4 + 1e-5) + 1,
    );
    close(y!, expected);
  });

  it('refuses a batch without a variance', () => {
    const graph = normalization();
    graph.types.set('x', { dtype: 'float32', shape: [1, 2, 1] });
    assert.throws(() => restoreMode(graph, 'train'), /BatchNormalization .* sees a single value per channel/);
  });

  it('drops the stated share, the same values for the same seed', async () => {
    const ones = tensor('float32', [1000], Array<number>(1000).fill(1));
    const y = dropout(0.25).outputs[0]!.name;
    const drop = async (seed: number) =>
      (await run(restoreMode(dropout(0.25), 'train', { seed }).graph, ones, [y]))[0]!;
    const first = await drop(1);
    const dropped = first.filter((value) => value === 0).length;
    assert.ok(dropped > 190 && dropped < 310, `${dropped} of 1000 dropped`);
    close(
      first.filter((value) => value !== 0),
      Array<number>(1000 - dropped).fill(4 / 3),
    );
    assert.deepEqual(await drop(1), first);
    assert.notDeepEqual(await drop(2), first);
  });

  it('passes everything on in evaluation, and where gradients are compared', async () => {
    const ones = floats(1000);
    const y = dropout(0.5).outputs[0]!.name;
    for (const { graph } of [
      restoreMode(dropout(0.5), 'eval'),
      restoreMode(dropout(0.5), 'as-exported'),
      restoreMode(dropout(0.5), 'train', { dropoutAsIdentity: true }),
    ])
      assert.deepEqual(await run(graph, ones, [y]), [numbers(ones)]);
  });
});
