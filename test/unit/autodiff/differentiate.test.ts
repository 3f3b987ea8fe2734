import assert from 'node:assert/strict';
import { canonicalise } from '../../../extension/autodiff/canonicalise';
import { differentiate } from '../../../extension/autodiff/differentiate';
import { specialise } from '../../../extension/autodiff/specialise';
import { unsupportedOperators } from '../../../extension/autodiff/unsupported';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';
import { floats, graphOf, node } from './graphs';

const runtime = createRuntime();

describe('differentiate', () => {
  it('adds up the gradients of a value that is used twice', async () => {
    const g = new GraphBuilder(emptyGraph('square'));
    const x = g.input('x', 'float32', [2]);
    const y = g.add(g.mul(x, x), x);
    const gradients = differentiate(g, new Map([[y.name, g.constant('float32', [2], [1, 1])]]), ['x']);
    g.output(gradients.of('x')!);
    const feeds = new Map([['x', tensor('float32', [2], [3, -1])]]);
    const [dx] = (await runtime.run(exportGraph(g.graph), feeds)).values();
    assert.deepEqual(numbers(dx!), [7, -1]);
  });

  it('lays the gradients of pieces end to end where together they are the whole', async () => {
    const g = new GraphBuilder(emptyGraph('pieces'));
    const x = g.input('x', 'float32', [2, 3]);
    // Two pieces, the last column first, of which one is used twice.
    const [tail, head] = [g.slice(x, 1, 2, 3), g.slice(x, 1, 0, 2)];
    const y = g.add(g.mul(head, head), g.mul(tail, 3));
    const seed = g.constant('float32', [2, 2], [1, 1, 1, 1]);
    const gradients = differentiate(g, new Map([[y.name, seed]]), ['x', head.name]);
    g.output(gradients.of('x')!);
    g.output(gradients.of(head.name)!);
    assert.ok(!g.graph.nodes.some(({ opType }) => opType === 'Pad'));
    const feeds = new Map([['x', tensor('float32', [2, 3], [1, 2, 3, 4, 5, 6])]]);
    const [dx, dHead] = (await runtime.run(exportGraph(g.graph), feeds)).values();
    assert.deepEqual(numbers(dx!), [2, 4, 6, 8, 10, 6]);
    assert.deepEqual(numbers(dHead!), [2, 4, 8, 10]);
  });

  it('keeps the gradient of a piece that is asked for through what only passes it on', async () => {
    const g = new GraphBuilder(emptyGraph('passed-on'));
    const x = g.input('x', 'float32', [4]);
    const copy = g.identity(x);
    const y = g.add(g.slice(copy, 0, 0, 2), g.slice(x, 0, 2, 4));
    const gradients = differentiate(g, new Map([[y.name, g.constant('float32', [2], [5, 7])]]), ['x', copy.name]);
    g.output(gradients.of('x')!);
    g.output(gradients.of(copy.name)!);
    const [dx, dCopy] = (
      await runtime.run(exportGraph(g.graph), new Map([['x', tensor('float32', [4], [1, 2, 3, 4])]]))
    ).values();
    assert.deepEqual(numbers(dx!), [5, 7, 5, 7]);
    assert.deepEqual(numbers(dCopy!), [5, 7, 0, 0]);
  });

  it('knows the gradient of every value between, and of no other', () => {
    const g = new GraphBuilder(emptyGraph('chain'));
    const x = g.input('x', 'float32', [2]);
    const hidden = g.exp(x);
    const other = g.neg(x);
    const y = g.unary('Tanh', hidden);
    const gradients = differentiate(g, new Map([[y.name, g.constant('float32', [2], [1, 1])]]), ['x']);
    assert.ok(gradients.of(hidden.name));
    assert.equal(gradients.of(other.name), undefined);
  });

  it('walks only towards what is asked for', () => {
    const g = new GraphBuilder(emptyGraph('two-layers'));
    const x = g.input('x', 'float32', [4, 3]);
    const first = g.initializer('first', floats(3, 3));
    const second = g.initializer('second', floats(3, 3));
    const y = g.matmul(g.matmul(x, first), second);
    const forward = g.graph.nodes.length;
    differentiate(g, new Map([[y.name, g.constant('float32', [], [1])]]).set(y.name, y), ['second']);
    assert.equal(g.graph.nodes.length - forward, 1);
  });

  it('credits backward nodes to the layer of their forward node', () => {
    const g = new GraphBuilder(emptyGraph('credited'));
    const x = g.input('x', 'float32', [2]);
    const y = g.at({ layer: 'act', source: { file: 'net.py', line: 7 } }, () => g.unary('Tanh', x));
    differentiate(g, new Map([[y.name, y]]), ['x']);
    for (const { layer, source } of g.graph.nodes.slice(1))
      assert.deepEqual({ layer, source }, { layer: 'act', source: { file: 'net.py', line: 7 } });
  });

  it('names the operator, the node and the layer of what has no gradient', () => {
    const graph = graphOf(
      18,
      [{ name: 'x', dtype: 'float32', shape: [2] }],
      [node('Frobnicate', ['x'], ['y'], {}, 'head')],
      ['y'],
    );
    graph.types = new Map(['x', 'y'].map((name) => [name, { dtype: 'float32', shape: [2] }]));
    const g = new GraphBuilder(graph);
    assert.throws(() => differentiate(g, new Map([['y', g.value('y')]]), ['x']), {
      name: 'InputError',
      message: /Frobnicate "y" in layer head/,
    });
    assert.deepEqual(unsupportedOperators(graph, ['x']), [{ op: 'Frobnicate', node: 'y', layer: 'head' }]);
  });

  it('says of a model as read what will have no gradient: not of lists, and of control flow what it holds', () => {
    const body = graphOf(18, [], [node('Tanh', ['x'], ['t']), node('Compress', ['t', 'c'], ['b'], {}, 'inner')], ['b']);
    const graph = graphOf(
      18,
      [{ name: 'x', dtype: 'float32', shape: [2] }],
      [
        node('SplitToSequence', ['x', 'sizes'], ['s']),
        node('SequenceAt', ['s', 'zero'], ['e']),
        node('If', ['c'], ['i'], {
          then_branch: { type: 'graph', value: body },
          else_branch: { type: 'graph', value: body },
        }),
        node('Add', ['e', 'i'], ['y']),
      ],
      ['y'],
    );
    const found = unsupportedOperators(graph, ['x']);
    assert.deepEqual([...new Set(found.map(({ op, layer }) => `${op} in ${layer}`))], ['Compress in inner']);
  });

  it('gives the gradient of a specialised, canonical model', async () => {
    const model = graphOf(
      9,
      [{ name: 'x', dtype: 'float32', shape: ['n', 2, 3] }],
      [
        node('Softmax', ['x'], ['s'], { axis: { type: 'int', value: 1 } }),
        node('ReduceMean', ['s'], ['m'], { axes: { type: 'ints', value: [2] }, keepdims: { type: 'int', value: 0 } }),
        node('Gemm', ['m', 'w', 'b'], ['y'], { transB: { type: 'int', value: 1 } }),
      ],
      ['y'],
      { w: floats(4, 2), b: floats(4) },
    );
    const x = floats(5, 2, 3);
    const graph = canonicalise(await specialise(model, new Map([['x', x]]), runtime));
    const weights = floats(5, 4);
    const loss = async (fed: Tensor) => {
      const [y] = (await runtime.run(exportGraph(graph), new Map([['x', fed]]))).values();
      return numbers(y!).reduce((sum, value, i) => sum + value * (weights.data as Float32Array)[i]!, 0);
    };
    const expected = await Promise.all(
      numbers(x).map(async (value, i) => {
        const shifted = (delta: number) => tensor('float32', x.shape, numbers(x).with(i, value + delta));
        return ((await loss(shifted(1e-2))) - (await loss(shifted(-1e-2)))) / 2e-2;
      }),
    );

    const g = new GraphBuilder({ ...graph, nodes: [...graph.nodes], outputs: [] });
    const gradients = differentiate(g, new Map([['y', g.initializer('dy', weights)]]), ['x']);
    g.output(gradients.of('x')!);
    const [dx] = (await runtime.run(exportGraph(g.graph), new Map([['x', x]]))).values();
    numbers(dx!).forEach((value, i) => {
      assert.ok(Math.abs(value - expected[i]!) < 1e-3, `element ${i}: ${value} where ${expected[i]!} is expected`);
    });
  });
});
