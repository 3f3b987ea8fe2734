/** Convolutions in the forms for CPUs against the usual ones: the result and all gradients. */
import assert from 'node:assert/strict';
import { blockedDomain } from '../../../extension/autodiff/blocked-channels';
import { differentiate } from '../../../extension/autodiff/differentiate';
import { gradientRules } from '../../../extension/autodiff/gradients';
import { providerForm, type ProviderForm } from '../../../extension/autodiff/provider-form';
import { GraphBuilder, type AttributeInput, type Value } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, sizeOf, tensor, type Shape, type Tensor } from '../../../extension/onnx/tensor';
import { channelBlock } from '../../../extension/trainer/channel-block';
import { createRuntime } from '../../../extension/trainer/runtime';

interface Example {
  about: string;
  op?: 'Conv' | 'ConvTranspose';
  x: Shape;
  w: Shape;
  y: Shape;
  attributes?: Record<string, AttributeInput>;
  /** How many of the three convolutions, of the result and of both gradients, are to be blocked. */
  blocked: number;
}

const same = { pads: [1, 1, 1, 1] };
const examples: Example[] = [
  { about: '3×3', x: [2, 16, 16, 18], w: [32, 16, 3, 3], y: [2, 32, 14, 16], blocked: 3 },
  { about: 'padded', x: [2, 32, 16, 16], w: [16, 32, 3, 3], y: [2, 16, 16, 16], attributes: same, blocked: 3 },
  {
    about: 'padded unevenly',
    x: [2, 16, 15, 16],
    w: [16, 16, 3, 5],
    y: [2, 16, 15, 17],
    attributes: { pads: [2, 4, 0, 1] },
    blocked: 3,
  },
  {
    about: 'padded beyond the kernel: only the weight’s gradient',
    x: [2, 16, 14, 14],
    w: [16, 16, 2, 2],
    y: [2, 16, 17, 17],
    attributes: { pads: [2, 2, 2, 2] },
    blocked: 1,
  },
  {
    about: 'strided, with a rest: no turned kernel',
    x: [2, 16, 30, 28],
    w: [16, 16, 3, 3],
    y: [2, 16, 15, 14],
    attributes: { strides: [2, 2], ...same },
    blocked: 2,
  },
  {
    about: 'dilated',
    x: [3, 16, 13, 13],
    w: [16, 16, 3, 2],
    y: [3, 16, 13, 11],
    attributes: { dilations: [3, 2], pads: [3, 0, 3, 0] },
    blocked: 3,
  },
  {
    about: 'few input channels',
    x: [2, 3, 16, 16],
    w: [16, 3, 3, 3],
    y: [2, 16, 16, 16],
    attributes: same,
    blocked: 2,
  },
  { about: 'one sample', x: [1, 16, 16, 16], w: [16, 16, 3, 3], y: [1, 16, 16, 16], attributes: same, blocked: 3 },
  { about: 'channels that no block divides', x: [2, 20, 12, 12], w: [20, 20, 3, 3], y: [2, 20, 10, 10], blocked: 0 },
  {
    about: 'few positions',
    x: [2, 16, 6, 6],
    w: [16, 16, 3, 3],
    y: [2, 16, 4, 4],
    blocked: 0,
  },
  {
    about: 'few positions, strided and dilated, with a rest',
    x: [2, 8, 12, 9],
    w: [24, 8, 3, 3],
    y: [2, 24, 4, 4],
    attributes: { strides: [3, 2], dilations: [2, 1], pads: [1, 0, 2, 1] },
    blocked: 0,
  },
  { about: '1×1', x: [2, 16, 12, 12], w: [16, 16, 1, 1], y: [2, 16, 12, 12], blocked: 0 },
  {
    about: 'groups',
    x: [2, 32, 12, 12],
    w: [32, 16, 3, 3],
    y: [2, 32, 10, 10],
    attributes: { group: 2 },
    blocked: 0,
  },
  {
    about: 'transposed: the gradient of its image is a convolution',
    op: 'ConvTranspose',
    x: [2, 16, 12, 12],
    w: [16, 16, 2, 2],
    y: [2, 16, 24, 24],
    attributes: { strides: [2, 2] },
    blocked: 2,
  },
];

describe('convolutions on the CPU', () => {
  const runtime = createRuntime();
  let block: number | undefined;

  before(async () => {
    block = await channelBlock(runtime);
  });

  for (const example of examples)
    it(example.about, async function () {
      if (block === undefined) this.skip();
      await agrees(example);
    });

  it('takes many samples in parts', async function () {
    if (block === undefined) this.skip();
    const many = { x: [17, 16, 8, 8], w: [16, 16, 3, 3], y: [17, 16, 8, 8], attributes: same };
    await agrees({ about: 'many samples', ...many, blocked: 2 + Math.ceil(17 / (block / 2)) });
  });

  async function agrees(example: Example): Promise<void> {
    const usual = await compute(example, { decompose: false, rules: gradientRules });
    const own = await compute(example, providerForm('cpu', block));
    assert.equal(usual.blocked, 0);
    assert.equal(own.blocked, example.blocked);
    for (const [name, values] of usual.results) {
      const found = own.results.get(name)!;
      const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.equal(found.length, values.length);
      for (const [i, value] of values.entries())
        assert.ok(Math.abs(found[i]! - value) <= 1e-5 * size, `${name}[${i}] is ${found[i]!}, not ${value}`);
    }
  }

  async function compute({ op = 'Conv', x, w, y, attributes = {} }: Example, { rules, finish }: ProviderForm) {
    const g = new GraphBuilder(emptyGraph('one convolution'));
    const feeds = new Map<string, Tensor>();
    const input = (name: string, shape: Shape): Value => {
      const values = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(7.3 * i + feeds.size));
      feeds.set(name, tensor('float32', shape, values));
      return g.input(name, 'float32', shape);
    };
    const outputs = op === 'Conv' ? w[0]! : w[1]!;
    const inputs = [input('x', x), input('w', w), input('b', [outputs])];
    const result = g.op(op, inputs, { kernel_shape: w.slice(2), ...attributes }, { dtype: 'float32', shape: y });
    const gradients = differentiate(g, new Map([[result.name, input('dy', y)]]), ['x', 'w', 'b'], rules);
    const told = new Map([['y', result], ...['x', 'w', 'b'].map((name) => [name, gradients.of(name)!] as const)]);
    for (const value of told.values()) g.output(value);
    finish?.(g);
    const found = await runtime.run(exportGraph(g.graph), feeds);
    return {
      results: new Map([...told].map(([name, value]) => [name, numbers(found.get(value.name)!)])),
      blocked: g.graph.nodes.filter(({ opType, domain }) => opType === 'Conv' && domain === blockedDomain).length,
    };
  }
});
