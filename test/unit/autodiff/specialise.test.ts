import assert from 'node:assert/strict';
import { specialise } from '../../../extension/autodiff/specialise';
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

  it('leaves the graph that it is given as it was', async () => {
    const graph = flattening();
    await specialise(graph, new Map([['x', type(2, 3, 4)]]), runtime);
    assert.equal(graph.nodes.length, 8);
    assert.ok(!graph.initializers.has('target'));
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
});
