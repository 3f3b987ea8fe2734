import assert from 'node:assert/strict';
import { specialise } from '../../../extension/autodiff/specialise';
import { exportGraph } from '../../../extension/onnx/export';
import type { Attribute } from '../../../extension/onnx/graph';
import { numbers, tensor, type TensorType } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';
import { floats, graphOf, ints, node } from './graphs';

const runtime = createRuntime();
const type = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });

describe('specialise', () => {
  /** x.view(x.size(0), -1), as the TorchScript exporter writes it. */
  const flattening = () =>
    graphOf(
      17,
      [{ name: 'x', dtype: 'float32', shape: ['batch', 3, 4] }],
      [
        node('Shape', ['x'], ['shape']),
        node('Gather', ['shape', 'zero'], ['size']),
        node('Unsqueeze', ['size', 'axes'], ['sizes']),
        node('Concat', ['sizes', 'rest'], ['target'], { axis: { type: 'int', value: 0 } }),
        node('Reshape', ['x', 'target'], ['flat']),
        node('Transpose', ['w'], ['wt'], { perm: { type: 'ints', value: [1, 0] } }),
        node('MatMul', ['flat', 'wt'], ['y']),
        node('Relu', ['flat'], ['unused']),
      ],
      ['y'],
      { zero: tensor('int64', [], [0]), axes: ints(0), rest: ints(-1), w: floats(5, 12) },
    );

  it('knows every type and folds shape arithmetic, but nothing of a weight', async () => {
    const graph = await specialise(flattening(), new Map([['x', type(2, 3, 4)]]), runtime);
    assert.deepEqual(
      graph.nodes.map(({ opType }) => opType),
      ['Reshape', 'Transpose', 'MatMul'],
    );
    assert.deepEqual(numbers(graph.initializers.get('target')!), [2, -1]);
    assert.deepEqual(graph.types.get('y'), type(2, 5));
    assert.deepEqual(graph.outputs, [{ name: 'y', ...type(2, 5) }]);
  });

  it('knows in a long graph what followed from its beginning', async () => {
    const names = Array.from({ length: 2500 }, (_, i) => `h${i}`);
    const chain = names.map((name, i) => node('Tanh', [i === 0 ? 'x' : names[i - 1]!], [name]));
    const long = graphOf(
      18,
      [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }],
      [
        node('Shape', ['x'], ['sizes']),
        node('ReduceProd', ['sizes'], ['size'], { keepdims: { type: 'int', value: 1 } }),
        ...chain,
        node('Reshape', [names.at(-1)!, 'size'], ['flat']),
        node('Add', ['flat', 'h3'], ['y']),
      ],
      ['y', 'size'],
    );
    // The sum broadcasts [3] with a value from far away, [1, 3].
    const graph = await specialise(long, new Map([['x', type(1, 3)]]), runtime);
    assert.deepEqual(graph.types.get('flat'), type(3));
    assert.deepEqual(graph.types.get('y'), type(1, 3));
    assert.deepEqual(numbers(graph.initializers.get('size')!), [3]);
    assert.equal(graph.nodes.length, 2502);
  });

  it('leaves the graph that it is given as it was', async () => {
    const graph = flattening();
    await specialise(graph, new Map([['x', type(2, 3, 4)]]), runtime);
    assert.equal(graph.nodes.length, 8);
    assert.ok(!graph.initializers.has('target'));
  });

  it('knows the size of a range whose limits are folded first: torch.arange(4) as PyTorch exports it', async () => {
    const positions = graphOf(
      18,
      [{ name: 'x', dtype: 'int64', shape: [2] }],
      [
        node('CastLike', ['zero', 'end'], ['from']),
        node('CastLike', ['one', 'end'], ['by']),
        node('Range', ['from', 'end', 'by'], ['positions']),
        node('Gather', ['table', 'positions'], ['y']),
      ],
      ['y'],
      {
        zero: tensor('float32', [], [0]),
        one: tensor('float32', [], [1]),
        end: tensor('int64', [], [4]),
        table: floats(6, 3),
      },
    );
    const graph = await specialise(positions, new Map(), runtime);
    assert.deepEqual(graph.types.get('y'), type(4, 3));
    assert.deepEqual(numbers(graph.initializers.get('positions')!), [0, 1, 2, 3]);
  });

  it('keeps a trained scalar as a value', async () => {
    const scaled = graphOf(
      17,
      [{ name: 'x', dtype: 'float32', shape: [2] }],
      [node('Exp', ['s'], ['e']), node('Mul', ['x', 'e'], ['y'])],
      ['y'],
      { s: tensor('float32', [], [1]) },
    );
    const operators = async (keep?: ReadonlySet<string>) =>
      (await specialise(scaled, new Map(), runtime, { keep })).nodes.map(({ opType }) => opType);
    assert.deepEqual(await operators(), ['Mul']);
    assert.deepEqual(await operators(new Set(['s'])), ['Exp', 'Mul']);
  });

  it('computes half precision in float32', async () => {
    const half = graphOf(17, [{ name: 'x', dtype: 'float16', shape: [2] }], [node('Mul', ['x', 'w'], ['y'])], ['y'], {
      w: { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xc100) },
    });
    const graph = await specialise(half, new Map(), runtime);
    assert.deepEqual(graph.types.get('y'), type(2));
    assert.deepEqual(graph.initializers.get('w')!.data, Float32Array.of(1, -2.5));
  });

  it('puts the time first in recurrent operators, which the runtime wants', async () => {
    const batchFirst = graphOf(
      14,
      [{ name: 'x', dtype: 'float32', shape: ['n', 5, 3] }],
      [
        node('RNN', ['x', 'w', 'r'], ['y', 'last'], {
          hidden_size: { type: 'int', value: 2 },
          layout: { type: 'int', value: 1 },
        }),
      ],
      ['y', 'last'],
      { w: floats(1, 2, 3), r: floats(1, 2, 2) },
    );
    const graph = await specialise(batchFirst, new Map([['x', type(4, 5, 3)]]), runtime);
    assert.deepEqual(graph.types.get('y'), type(4, 5, 1, 2));
    assert.deepEqual(graph.types.get('last'), type(4, 1, 2));
  });

  it('unrolls a loop whose trip count is known, and takes the branch that is known', async () => {
    const body = graphOf(
      17,
      [
        { name: 'i', dtype: 'int64', shape: [] },
        { name: 'go', dtype: 'bool', shape: [] },
        { name: 'state', dtype: 'float32', shape: [2] },
      ],
      [node('Identity', ['go'], ['goes']), node('Mul', ['state', 'w'], ['next']), node('Identity', ['next'], ['kept'])],
      ['goes', 'next', 'kept'],
    );
    body.outputs[0] = { name: 'goes', dtype: 'bool', shape: [] };
    const branch = (opType: string) => graphOf(17, [], [node(opType, ['z'], [`${opType}_z`])], [`${opType}_z`]);
    const looping = graphOf(
      17,
      [{ name: 'x', dtype: 'float32', shape: [2] }],
      [
        node('Loop', ['trips', 'yes', 'x'], ['z', 'all'], { body: { type: 'graph', value: body } }),
        node('If', ['yes'], ['y'], {
          then_branch: { type: 'graph', value: branch('Neg') },
          else_branch: { type: 'graph', value: branch('Exp') },
        }),
      ],
      ['y', 'all'],
      { trips: tensor('int64', [], [3]), yes: tensor('bool', [], [1]), w: tensor('float32', [2], [2, 3]) },
    );
    const graph = await specialise(looping, new Map(), runtime);
    assert.ok(!graph.nodes.some(({ opType }) => opType === 'Loop' || opType === 'If'));
    const results = await runtime.run(exportGraph(graph), new Map([['x', tensor('float32', [2], [1, 1])]]));
    assert.deepEqual(numbers(results.get('y')!), [-8, -27]);
    assert.deepEqual(numbers(results.get('all')!), [2, 3, 4, 9, 8, 27]);
  });

  it('unrolls a scan, forwards and backwards', async () => {
    const body = graphOf(
      17,
      [
        { name: 'sum', dtype: 'float32', shape: [2] },
        { name: 'item', dtype: 'float32', shape: [2] },
      ],
      [node('Add', ['sum', 'item'], ['more']), node('Identity', ['more'], ['so_far'])],
      ['more', 'so_far'],
    );
    const scanning = graphOf(
      17,
      [{ name: 'x', dtype: 'float32', shape: [3, 2] }],
      [
        node('Scan', ['zero', 'x'], ['total', 'sums'], {
          body: { type: 'graph', value: body },
          num_scan_inputs: { type: 'int', value: 1 },
          scan_input_directions: { type: 'ints', value: [1] },
        }),
      ],
      ['total', 'sums'],
      { zero: tensor('float32', [2], [0, 0]) },
    );
    const graph = await specialise(scanning, new Map(), runtime);
    assert.ok(!graph.nodes.some(({ opType }) => opType === 'Scan'));
    const feeds = new Map([['x', tensor('float32', [3, 2], [1, 2, 3, 4, 5, 6])]]);
    const results = await runtime.run(exportGraph(graph), feeds);
    assert.deepEqual(numbers(results.get('total')!), [9, 12]);
    assert.deepEqual(numbers(results.get('sums')!), [5, 6, 8, 10, 9, 12]);
  });

  it('resolves lists of tensors', async () => {
    const listing = graphOf(
      17,
      [{ name: 'x', dtype: 'float32', shape: [4, 2] }],
      [
        node('SplitToSequence', ['x', 'two'], ['parts'], { axis: { type: 'int', value: 0 } }),
        node('SequenceAt', ['parts', 'one'], ['second']),
        node('SequenceInsert', ['parts', 'second', 'zero'], ['longer']),
        node('ConcatFromSequence', ['longer'], ['y'], { axis: { type: 'int', value: 1 } }),
      ],
      ['y'],
      { two: tensor('int64', [], [2]), one: tensor('int64', [], [1]), zero: tensor('int64', [], [0]) },
    );
    const graph = await specialise(listing, new Map(), runtime);
    assert.deepEqual(graph.types.get('y'), type(2, 6));
    const feeds = new Map([['x', tensor('float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])]]);
    const [y] = (await runtime.run(exportGraph(graph), feeds)).values();
    assert.deepEqual(numbers(y!), [5, 6, 1, 2, 5, 6, 7, 8, 3, 4, 7, 8]);
  });

  it('refuses sizes that contradict the model or each other', async () => {
    const twoInputs = graphOf(
      17,
      [
        { name: 'a', dtype: 'float32', shape: ['n', 2] },
        { name: 'b', dtype: 'float32', shape: ['n', 2] },
      ],
      [node('Add', ['a', 'b'], ['y'])],
      ['y'],
    );
    const given = (a: TensorType, b: TensorType) =>
      specialise(
        twoInputs,
        new Map([
          ['a', a],
          ['b', b],
        ]),
        runtime,
      );
    await assert.rejects(given(type(3, 2), type(4, 2)), /size "n" is 3 in input "a", but 4 in input "b"/);
    await assert.rejects(given(type(3, 5), type(3, 5)), /Input "a" takes the shape \[n, 2\], but was given \[3, 5\]/);
    await assert.rejects(given({ dtype: 'int64', shape: [3, 2] }, type(3, 2)), /takes float32, but was given int64/);
    await assert.rejects(specialise(twoInputs, new Map(), runtime), /leaves the shape of input "a" open/);
  });

  it('refuses a size that depends on the data, naming the node', async () => {
    const selecting = graphOf(
      17,
      [{ name: 'x', dtype: 'float32', shape: [4] }],
      [
        node('NonZero', ['x'], ['indices'], {}, 'pick'),
        node('Cast', ['indices'], ['y'], { to: { type: 'int', value: 1 } }),
      ],
      ['y'],
    );
    await assert.rejects(
      specialise(selecting, new Map(), runtime),
      /"indices" \(NonZero "indices" in layer pick\) depends/,
    );
  });

  const list = (...value: number[]): Attribute => ({ type: 'ints', value });
  const windows: [string, string, number[], number[], Record<string, Attribute>][] = [
    [
      'MaxPool',
      'a window that would begin beyond the image',
      [1, 1, 6],
      [],
      { kernel_shape: list(1), strides: list(2) },
    ],
    ['LpPool', 'nothing to pad', [1, 1, 6], [], { kernel_shape: list(2), strides: list(3) }],
    [
      'AveragePool',
      'one axis with such a window and one with a window that ends there',
      [1, 2, 6, 6],
      [],
      { kernel_shape: list(1, 3), strides: list(2, 2), pads: list(0, 0, 0, 0) },
    ],
    [
      'ConvTranspose',
      'a stated size of three dimensions',
      [1, 2, 3, 1, 3],
      [2, 1, 1, 3, 1],
      { output_shape: list(3, 5, 2), strides: list(1, 3, 1), dilations: list(1, 2, 1) },
    ],
  ];
  for (const [op, about, shape, weight, attributes] of windows)
    it(`knows the size that ${op} has when it runs: ${about}`, async () => {
      const isPool = weight.length === 0;
      const model = graphOf(
        18,
        [{ name: 'x', dtype: 'float32', shape }],
        [
          node(op, isPool ? ['x'] : ['x', 'w'], ['y'], {
            ...attributes,
            ...(isPool && { ceil_mode: { type: 'int', value: 1 } }),
          }),
        ],
        ['y'],
        isPool ? {} : { w: floats(...weight) },
      );
      const feeds = new Map([['x', floats(...shape)]]);
      const specialised = await specialise(model, new Map(), runtime);
      const [expected, found] = await Promise.all(
        [model, specialised].map(async (graph) => (await runtime.run(exportGraph(graph), feeds)).get('y')!),
      );
      assert.deepEqual(specialised.types.get('y')!.shape, expected!.shape);
      assert.deepEqual(found, expected);
    });
});
