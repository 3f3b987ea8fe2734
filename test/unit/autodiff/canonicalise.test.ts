import assert from 'node:assert/strict';
import { canonicalise } from '../../../extension/autodiff/canonicalise';
import { lowerings } from '../../../extension/autodiff/lowerings';
import { specialise } from '../../../extension/autodiff/specialise';
import { unsupportedOperators } from '../../../extension/autodiff/unsupported';
import { exportGraph } from '../../../extension/onnx/export';
import type { Attribute } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';
import { floats, graphOf, ints, node } from './graphs';

const runtime = createRuntime();

interface Example {
  about: string;
  opset: number;
  op: string;
  /** Float tensors are fed, others are initializers; null is left out. */
  inputs: (Tensor | null)[];
  attributes?: Record<string, Attribute>;
  outputs?: number;
  /** Inputs that are initializers although they are floats. */
  constant?: number[];
  /** The operators of the canonical form, where it matters. */
  becomes?: string[];
}

const int = (value: number): Attribute => ({ type: 'int', value });
const list = (...value: number[]): Attribute => ({ type: 'ints', value });
const float = (value: number): Attribute => ({ type: 'float', value });
const text = (value: string): Attribute => ({ type: 'string', value });
const scalar = (value: number): Tensor => tensor('float32', [], [value]);
const integer = (value: number): Tensor => tensor('int64', [], [value]);
const positive = (x: Tensor): Tensor => tensor('float32', x.shape, numbers(x).map(Math.abs));
const mask = (...shape: number[]): Tensor =>
  tensor(
    'bool',
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 3 === 2 ? 0 : 1)),
  );

const examples: Example[] = [
  { about: 'axes attribute', opset: 11, op: 'ReduceSum', inputs: [floats(2, 3, 4)], attributes: { axes: list(-1, 0) } },
  { about: 'all axes', opset: 17, op: 'ReduceMean', inputs: [floats(2, 3)], attributes: { keepdims: int(0) } },
  { about: 'axes input', opset: 13, op: 'ReduceSum', inputs: [floats(2, 3), ints(1)] },
  {
    about: 'no axis at all',
    opset: 18,
    op: 'ReduceSumSquare',
    inputs: [floats(2, 3)],
    attributes: { noop_with_empty_axes: int(1) },
  },
  { about: 'axes attribute', opset: 11, op: 'Squeeze', inputs: [floats(2, 1, 3)], attributes: { axes: list(1) } },
  { about: 'axes attribute', opset: 11, op: 'Unsqueeze', inputs: [floats(2, 3)], attributes: { axes: list(0, 3) } },
  { about: 'zeros and -1', opset: 9, op: 'Reshape', inputs: [floats(2, 3, 4), ints(0, -1)] },
  { about: '', opset: 9, op: 'Flatten', inputs: [floats(2, 3, 4)], attributes: { axis: int(2) }, becomes: ['Reshape'] },
  { about: 'attribute', opset: 11, op: 'Split', inputs: [floats(5, 2)], attributes: { split: list(2, 3) }, outputs: 2 },
  { about: 'equal parts', opset: 13, op: 'Split', inputs: [floats(4, 2)], outputs: 2 },
  {
    about: 'uneven parts',
    opset: 18,
    op: 'Split',
    inputs: [floats(5, 2)],
    attributes: { num_outputs: int(3) },
    outputs: 3,
  },
  {
    about: 'attributes',
    opset: 9,
    op: 'Slice',
    inputs: [floats(4, 5)],
    attributes: { starts: list(1, -3), ends: list(3, 99) },
  },
  { about: 'backwards', opset: 13, op: 'Slice', inputs: [floats(4, 5), ints(-1), ints(-9), ints(1), ints(-2)] },
  {
    about: 'attributes',
    opset: 10,
    op: 'Pad',
    inputs: [floats(2, 3)],
    attributes: { pads: list(0, 1, 1, 2), value: float(0.5) },
  },
  { about: 'some axes', opset: 18, op: 'Pad', inputs: [floats(2, 3), ints(1, 2), scalar(2), ints(-1)], constant: [2] },
  { about: 'cutting', opset: 13, op: 'Pad', inputs: [floats(2, 4), ints(0, -1, 0, 2)] },
  {
    about: 'wrapping',
    opset: 19,
    op: 'Pad',
    inputs: [floats(2, 3), ints(1, 2, 0, 4)],
    attributes: { mode: text('wrap') },
  },
  { about: '', opset: 18, op: 'CenterCropPad', inputs: [floats(5, 2), ints(2, 5)] },
  { about: '', opset: 8, op: 'Expand', inputs: [floats(3, 1), ints(2, 1, 4)] },
  { about: '', opset: 13, op: 'Tile', inputs: [floats(2, 3), ints(2, 1)] },
  {
    about: 'k attribute',
    opset: 9,
    op: 'TopK',
    inputs: [floats(3, 5)],
    attributes: { k: int(2), axis: int(1) },
    outputs: 2,
  },
  { about: '', opset: 9, op: 'Scatter', inputs: [floats(3, 2), tensor('int64', [1, 2], [2, 0]), floats(1, 2)] },
  { about: 'attributes', opset: 7, op: 'Clip', inputs: [floats(6)], attributes: { min: float(-0.2), max: float(0.3) } },
  { about: 'one bound', opset: 11, op: 'Clip', inputs: [floats(6), null, scalar(0.1)], constant: [2] },
  {
    about: 'two dimensions at axis',
    opset: 11,
    op: 'Softmax',
    inputs: [floats(2, 3, 2)],
    attributes: { axis: int(1) },
  },
  { about: 'default axis', opset: 11, op: 'LogSoftmax', inputs: [floats(2, 3, 2)] },
  { about: 'default axis', opset: 13, op: 'Softmax', inputs: [floats(2, 3, 2)] },
  { about: 'integer exponent', opset: 13, op: 'Pow', inputs: [floats(4), tensor('int64', [], [3])] },
  { about: 'exact', opset: 20, op: 'Gelu', inputs: [floats(6)] },
  { about: 'tanh', opset: 20, op: 'Gelu', inputs: [floats(6)], attributes: { approximate: text('tanh') } },
  {
    about: 'inference',
    opset: 9,
    op: 'BatchNormalization',
    inputs: [floats(2, 3, 4), floats(3), floats(3), floats(3), positive(floats(3))],
    attributes: { epsilon: float(1e-3) },
  },
  { about: '', opset: 10, op: 'Dropout', inputs: [floats(4)], attributes: { ratio: float(0.3) } },
  { about: 'ratio input', opset: 13, op: 'Dropout', inputs: [floats(4), scalar(0.3)], constant: [1] },
  {
    about: 'per channel',
    opset: 21,
    op: 'GroupNormalization',
    inputs: [floats(2, 4, 3), floats(4), floats(4)],
    attributes: { num_groups: int(2) },
  },
  { about: '', opset: 13, op: 'MeanVarianceNormalization', inputs: [floats(2, 3, 2, 2)] },
  { about: '', opset: 23, op: 'RMSNormalization', inputs: [floats(2, 3, 4), floats(4)] },
  {
    about: 'four dimensions',
    opset: 23,
    op: 'Attention',
    inputs: [floats(2, 2, 3, 4), floats(2, 2, 5, 4), floats(2, 2, 5, 4)],
  },
  {
    about: 'heads in the last axis, grouped, causal',
    opset: 23,
    op: 'Attention',
    inputs: [floats(2, 3, 8), floats(2, 3, 4), floats(2, 3, 4)],
    attributes: { q_num_heads: int(4), kv_num_heads: int(2), is_causal: int(1), scale: float(0.3) },
  },
  {
    about: 'boolean mask',
    opset: 23,
    op: 'Attention',
    inputs: [floats(2, 2, 3, 4), floats(2, 2, 5, 4), floats(2, 2, 5, 4), mask(3, 5)],
  },
  {
    about: 'float mask, past keys',
    opset: 23,
    op: 'Attention',
    inputs: [
      floats(1, 2, 3, 4),
      floats(1, 2, 2, 4),
      floats(1, 2, 2, 4),
      floats(3, 5),
      floats(1, 2, 3, 4),
      floats(1, 2, 3, 4),
    ],
    outputs: 3,
  },
  {
    about: 'soft cap',
    opset: 23,
    op: 'Attention',
    inputs: [floats(1, 2, 3, 4), floats(1, 2, 5, 4), floats(1, 2, 5, 4)],
    attributes: { softcap: float(0.5) },
  },
  {
    about: 'halves, positions',
    opset: 23,
    op: 'RotaryEmbedding',
    inputs: [floats(2, 3, 4, 6), floats(8, 3), floats(8, 3), tensor('int64', [2, 4], [0, 1, 2, 3, 3, 4, 5, 7])],
  },
  {
    about: 'neighbours, part of the features, heads in the last axis',
    opset: 23,
    op: 'RotaryEmbedding',
    inputs: [floats(2, 4, 12), floats(2, 4, 2), floats(2, 4, 2)],
    attributes: { interleaved: int(1), num_heads: int(2), rotary_embedding_dim: int(4) },
  },
  {
    about: 'mean over weights',
    opset: 13,
    op: 'SoftmaxCrossEntropyLoss',
    inputs: [floats(3, 4), tensor('int64', [3], [0, 3, 1]), positive(floats(4))],
    attributes: { ignore_index: int(3) },
    outputs: 2,
  },
  {
    about: 'ignored targets',
    opset: 13,
    op: 'SoftmaxCrossEntropyLoss',
    inputs: [floats(2, 4, 3), tensor('int64', [2, 3], [0, -1, 1, 2, 3, -1])],
    attributes: { ignore_index: int(-1) },
  },
  {
    about: 'sum',
    opset: 13,
    op: 'NegativeLogLikelihoodLoss',
    inputs: [floats(3, 4), tensor('int64', [3], [0, 3, 1])],
    attributes: { reduction: text('sum') },
  },
  {
    about: 'one by one',
    opset: 13,
    op: 'NegativeLogLikelihoodLoss',
    inputs: [floats(2, 4, 2), tensor('int64', [2, 2], [0, 3, 1, 2]), positive(floats(4))],
    attributes: { reduction: text('none') },
  },
  {
    about: 'linear',
    opset: 9,
    op: 'Upsample',
    inputs: [floats(1, 2, 3, 3), tensor('float32', [4], [1, 1, 2, 2])],
    constant: [1],
    attributes: { mode: text('linear') },
    becomes: ['Resize'],
  },
  {
    about: 'nearest',
    opset: 7,
    op: 'Upsample',
    inputs: [floats(1, 2, 3, 3)],
    attributes: { scales: { type: 'floats', value: [1, 1, 2, 3] } },
  },
  {
    about: 'nearest, downwards',
    opset: 10,
    op: 'Resize',
    inputs: [floats(1, 1, 5, 4), tensor('float32', [4], [1, 1, 0.6, 0.5])],
    constant: [1],
  },
  {
    about: 'nearest, upwards and downwards',
    opset: 10,
    op: 'Resize',
    inputs: [floats(1, 1, 5, 4), tensor('float32', [4], [1, 1, 1.5, 0.7])],
    constant: [1],
  },
  {
    about: 'sizes of some axes',
    opset: 18,
    op: 'Resize',
    inputs: [floats(1, 2, 3, 4), null, null, ints(5, 6)],
    attributes: { axes: list(2, 3), mode: text('cubic') },
  },
  {
    about: 'kept aspect ratio',
    opset: 18,
    op: 'Resize',
    inputs: [floats(1, 1, 4, 6), null, null, ints(7, 8)],
    attributes: { axes: list(2, 3), mode: text('linear'), keep_aspect_ratio_policy: text('not_larger') },
  },
  {
    about: 'kept aspect ratio, sizes rounded',
    opset: 18,
    op: 'Resize',
    inputs: [floats(1, 1, 2, 4), null, null, ints(4, 3)],
    attributes: { axes: list(2, 3), mode: text('cubic'), keep_aspect_ratio_policy: text('not_larger') },
  },
  {
    about: 'renamed mode',
    opset: 20,
    op: 'GridSample',
    inputs: [floats(1, 2, 3, 3), floats(1, 2, 2, 2)],
    attributes: { mode: text('linear') },
  },
  { about: '', opset: 20, op: 'AffineGrid', inputs: [floats(2, 2, 3), ints(2, 3, 3, 4)] },
  {
    about: 'in space, corners aligned',
    opset: 20,
    op: 'AffineGrid',
    inputs: [floats(1, 3, 4), ints(1, 3, 2, 3, 4)],
    attributes: { align_corners: int(1) },
  },
  {
    about: 'dilated, counting the padding, with a rest',
    opset: 19,
    op: 'AveragePool',
    inputs: [floats(1, 2, 7, 7)],
    attributes: {
      kernel_shape: list(2, 3),
      dilations: list(2, 2),
      strides: list(2, 2),
      pads: list(1, 1, 1, 0),
      ceil_mode: int(1),
      count_include_pad: int(1),
    },
  },
  {
    about: 'groups of offsets, mask and bias',
    opset: 19,
    op: 'DeformConv',
    inputs: [floats(1, 4, 5, 4), floats(2, 2, 2, 2), floats(1, 16, 3, 2), floats(2), floats(1, 8, 3, 2)],
    attributes: { group: int(2), offset_group: int(2), strides: list(2, 2), pads: list(1, 0, 1, 0) },
  },
  {
    about: 'real, one side',
    opset: 17,
    op: 'DFT',
    inputs: [floats(2, 6, 3, 1)],
    attributes: { axis: int(1), onesided: int(1) },
  },
  {
    about: 'inverse, lengthened',
    opset: 20,
    op: 'DFT',
    inputs: [floats(2, 5, 2), integer(7)],
    attributes: { inverse: int(1) },
  },
  {
    about: 'window',
    opset: 17,
    op: 'STFT',
    inputs: [floats(2, 12, 1), integer(3), floats(6)],
  },
  {
    about: 'a row that sees nothing',
    opset: 23,
    op: 'Attention',
    inputs: [floats(1, 1, 2, 2), floats(1, 1, 2, 2), floats(1, 1, 2, 2), tensor('bool', [2, 2], [0, 0, 1, 1])],
  },
];

async function specialised({ opset, op, inputs, attributes, outputs = 1, constant = [] }: Example) {
  const isFed = (input: Tensor, i: number): boolean => input.dtype === 'float32' && !constant.includes(i);
  const names = inputs.map((input, i) => (input ? `x${i}` : ''));
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const feeds = new Map(inputs.flatMap((input, i) => (input && isFed(input, i) ? [[`x${i}`, input] as const] : [])));
  const graph = graphOf(
    opset,
    [...feeds].map(([name, { dtype, shape }]) => ({ name, dtype, shape })),
    [node(op, names, results, attributes, 'block')],
    results,
    Object.fromEntries(inputs.flatMap((input, i) => (input && !isFed(input, i) ? [[`x${i}`, input]] : []))),
  );
  return { graph: await specialise(graph, new Map(), runtime), feeds };
}

describe('canonicalise', () => {
  for (const example of examples)
    it(`keeps what ${example.op}-${example.opset} computes${example.about ? `: ${example.about}` : ''}`, async () => {
      const { graph, feeds } = await specialised(example);
      const canonical = canonicalise(graph);
      assert.equal(canonical.opset, 18);
      const expected = await runtime.run(exportGraph(graph), feeds);
      const found = await runtime.run(exportGraph(canonical), feeds);
      for (const [name, { shape, data }] of expected) {
        const result = found.get(name)!;
        assert.deepEqual(result.shape, shape);
        assert.deepEqual(canonical.types.get(name)!.shape, shape);
        numbers(result).forEach((value, i) => {
          const should = Number(data[i]);
          assert.ok(
            Object.is(value, should) || Math.abs(value - should) < 2e-6,
            `${name}[${i}]: ${value}, not ${should}`,
          );
        });
      }
      if (example.becomes)
        assert.deepEqual(
          canonical.nodes.map(({ opType }) => opType),
          example.becomes,
        );
    });

  it('arrives at operators that have a gradient, and credits them to the layer', async () => {
    for (const example of examples) {
      const { graph, feeds } = await specialised(example);
      const canonical = canonicalise(graph);
      const open = unsupportedOperators(canonical, feeds.keys()).map(({ op }) => op);
      // Their rules are still to come.
      assert.deepEqual(
        open.filter((op) => op !== 'Resize' && op !== 'GridSample'),
        [],
        example.op,
      );
      for (const { layer } of canonical.nodes) assert.equal(layer, 'block');
    }
  });

  it('has an example of every lowering', () => {
    const shown = new Set(examples.map(({ op }) => op));
    const reductions = /^Reduce(?!Sum$|Mean$|SumSquare$)/;
    // In the newest operator sets of the runtime, or the same function under another name.
    const elsewhere = new Set(['Log', 'Swish', 'CastLike', 'Cast', 'Concat', 'DepthToSpace', 'Hardmax']);
    const missing = Object.keys(lowerings).filter((op) => !shown.has(op) && !reductions.test(op) && !elsewhere.has(op));
    assert.deepEqual(missing, []);
  });

  it('computes the logarithm of a sigmoid without its loss of precision', async () => {
    const x = tensor('float32', [3], [-60, -1, 40]);
    const nodes = [node('Sigmoid', ['x'], ['s']), node('Log', ['s'], ['y'])];
    const graph = await specialise(
      graphOf(20, [{ name: 'x', dtype: 'float32', shape: [3] }], nodes, ['y']),
      new Map(),
      runtime,
    );
    const results = await runtime.run(exportGraph(canonicalise(graph)), new Map([['x', x]]));
    const [far, near, above] = numbers(results.get('y')!) as [number, number, number];
    assert.ok(Math.abs(far + 60) < 1e-5);
    assert.ok(Math.abs(near + 1.3132617) < 1e-6);
    assert.ok(Math.abs(above) < 1e-6);
  });

  it('drops statistics that an old BatchNormalization saves for nobody', async () => {
    const statistics = [floats(2), floats(2), floats(2), positive(floats(2))];
    const names = ['scale', 'shift', 'mean', 'variance'];
    const nodes = [node('BatchNormalization', ['x', ...names], ['y', 'm', 'v', 'saved_m', 'saved_v'])];
    const initializers = Object.fromEntries(names.map((name, i) => [name, statistics[i]!]));
    const graph = graphOf(9, [{ name: 'x', dtype: 'float32', shape: [4, 2] }], nodes, ['y'], initializers);
    const canonical = canonicalise(await specialise(graph, new Map(), runtime));
    assert.deepEqual(canonical.nodes[0]?.outputs, ['y']);
  });

  it('refuses what opset 18 cannot say, naming the node', async () => {
    const { graph } = await specialised({
      about: '',
      opset: 19,
      op: 'AveragePool',
      inputs: [floats(1, 1, 6, 6)],
      attributes: {
        kernel_shape: list(2, 2),
        dilations: list(2, 2),
        auto_pad: { type: 'string', value: 'SAME_UPPER' },
      },
    });
    assert.throws(() => canonicalise(graph), {
      name: 'InputError',
      message: 'AveragePool "y0" in layer block: dilations together with auto_pad are not supported.',
    });
  });

  it('refuses a size that the runtime infers one way and computes another', async () => {
    const refused = async (example: Omit<Example, 'about' | 'opset'>): Promise<string> => {
      const { graph } = await specialised({ about: '', opset: 18, ...example });
      try {
        canonicalise(graph);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const slice = { op: 'Slice', inputs: [floats(5), ints(0), ints(2 ** 31 - 1), ints(0), ints(-2)] };
    assert.match(await refused(slice), /^Slice "y0" in layer block: a slice backwards that ends at the largest number/);
  });

  it('counts from the largest number as from the last element', async () => {
    const { graph, feeds } = await specialised({
      about: '',
      opset: 18,
      op: 'Slice',
      inputs: [
        floats(5),
        { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) },
        ints(-9),
        ints(0),
        ints(-2),
      ],
    });
    const results = await runtime.run(exportGraph(canonicalise(graph)), feeds);
    assert.deepEqual(results.get('y0')!.shape, [3]);
  });
});
