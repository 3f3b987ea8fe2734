import assert from 'node:assert/strict';
import { broadcast, GraphBuilder } from '../../../extension/onnx/builder';
import { emptyGraph } from '../../../extension/onnx/graph';

describe('GraphBuilder', () => {
  it('knows the type of what it adds', () => {
    const g = new GraphBuilder(emptyGraph('test'));
    const x = g.input('x', 'float32', [4, 1, 3]);
    const y = g.input('y', 'float32', [5, 1]);
    assert.deepEqual(g.add(x, y).shape, [4, 5, 3]);
    assert.equal(g.less(x, 0).dtype, 'bool');
    assert.deepEqual(g.matmul(x, g.input('w', 'float32', [3, 7])).shape, [4, 1, 7]);
  });

  it('makes equal constants one initializer', () => {
    const g = new GraphBuilder(emptyGraph('test'));
    assert.equal(g.scalar(0.5).name, g.scalar(0.5).name);
    assert.notEqual(g.scalar(0).name, g.scalar(-0).name);
  });

  it('credits nodes to the layer that they are made for', () => {
    const g = new GraphBuilder(emptyGraph('test'));
    const x = g.input('x', 'float32', [2]);
    g.at({ layer: 'layers.3' }, () => g.exp(x));
    g.exp(x);
    assert.deepEqual(
      g.graph.nodes.map((node) => node.layer),
      ['layers.3', ''],
    );
  });

  it('refuses shapes that do not broadcast', () => {
    assert.throws(() => broadcast([2, 3], [4]), /do not broadcast/);
  });

  it('moves nodes to where what they take has been made', () => {
    const g = new GraphBuilder(emptyGraph('graph'));
    const x = g.input('x', 'float32', [2]);
    const a = g.unary('Exp', x);
    const b = g.unary('Log', a);
    const begin = g.graph.nodes.length;
    g.unary('Abs', g.unary('Neg', b));
    g.unary('Sqrt', a);
    g.hoist(begin);
    assert.deepEqual(
      g.graph.nodes.map(({ opType }) => opType),
      ['Exp', 'Sqrt', 'Log', 'Neg', 'Abs'],
    );
  });
});
