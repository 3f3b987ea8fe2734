/** Transposed convolutions in three dimensions, spelled as convolutions, against the operator itself on the CPU. */
import assert from 'node:assert/strict';
import { spreadConvolutions } from '../../../extension/autodiff/spread-convolution';
import { GraphBuilder, type AttributeInput } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, sizeOf, tensor, type Shape } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';

interface Example {
  about: string;
  x: Shape;
  w: Shape;
  y: Shape;
  attributes?: Record<string, AttributeInput>;
  bias?: boolean;
  /** Whether it is rewritten. */
  spread?: boolean;
}

const examples: Example[] = [
  { about: 'plain, with a bias', x: [2, 3, 4, 5, 6], w: [3, 2, 3, 2, 1], y: [2, 2, 6, 6, 6], bias: true },
  {
    about: 'strided',
    x: [2, 3, 3, 4, 1],
    w: [3, 2, 2, 3, 2],
    y: [2, 2, 6, 9, 2],
    attributes: { strides: [2, 2, 3] },
  },
  {
    about: 'padded unevenly, with padding of the output',
    x: [1, 2, 3, 4, 5],
    w: [2, 4, 3, 3, 3],
    y: [1, 4, 6, 6, 7],
    attributes: { strides: [2, 2, 1], pads: [1, 2, 0, 0, 1, 0], output_padding: [0, 0, 0] },
  },
  {
    about: 'with padding of the output',
    x: [1, 2, 3, 3, 3],
    w: [2, 1, 3, 3, 3],
    y: [1, 1, 6, 8, 7],
    attributes: { strides: [2, 3, 2], pads: [1, 1, 0, 1, 1, 0], output_padding: [1, 1, 0] },
  },
  {
    about: 'padded beyond the kernel',
    x: [1, 2, 6, 5, 4],
    w: [2, 3, 2, 1, 2],
    y: [1, 3, 2, 5, 5],
    attributes: { pads: [2, 0, 0, 3, 0, 0] },
  },
  {
    about: 'dilated, in groups',
    x: [2, 4, 3, 4, 3],
    w: [4, 3, 2, 2, 3],
    y: [2, 6, 6, 6, 9],
    attributes: { dilations: [3, 2, 3], group: 2 },
  },
  { about: 'two dimensions are left alone', x: [1, 2, 3, 4], w: [2, 3, 2, 2], y: [1, 3, 4, 5], spread: false },
];

describe('transposed convolutions as convolutions', () => {
  const runtime = createRuntime();

  for (const { about, x, w, y, attributes = {}, bias = false, spread = true } of examples)
    it(about, async () => {
      const feeds = new Map(
        (bias ? [x, w, [y[1]!]] : [x, w]).map((shape, at) => {
          const values = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(7.3 * i + at));
          return [`input${at}`, tensor('float32', shape, values)] as const;
        }),
      );
      const results = await Promise.all(
        [false, true].map(async (rewrite) => {
          const g = new GraphBuilder(emptyGraph('one transposed convolution'));
          const inputs = [...feeds].map(([name, { shape }]) => g.input(name, 'float32', shape));
          const type = { dtype: 'float32', shape: y } as const;
          const result = g.op('ConvTranspose', inputs, { kernel_shape: w.slice(2), ...attributes }, type);
          g.output(result);
          if (rewrite) spreadConvolutions(g);
          const found = (await runtime.run(exportGraph(g.graph), feeds)).get(result.name)!;
          assert.deepEqual(found.shape, y);
          return { found: numbers(found), ops: g.graph.nodes.map(({ opType }) => opType) };
        }),
      );
      const [usual, own] = results as [(typeof results)[0], (typeof results)[0]];
      assert.equal(own.ops.includes('ConvTranspose'), !spread);
      usual.found.forEach((value, i) => {
        assert.ok(Math.abs(own.found[i]! - value) <= 1e-5, `element ${i} is ${own.found[i]!}, not ${value}`);
      });
    });
});
