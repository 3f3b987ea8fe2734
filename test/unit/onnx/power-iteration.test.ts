import assert from 'node:assert/strict';
import { importGraph } from '../../../extension/onnx/import';
import { modelOf, node, port, weight } from './models';

/** The nodes that no gradient passes, of W/σ with and without a step of the power iteration before. */
const detached = (nodes: ReturnType<typeof node>[], names = ['_u', '_v']): string[] =>
  importGraph(
    modelOf({
      input: [port('x', [2, 4])],
      output: [port('y', [2, 3])],
      initializer: [
        weight('fc.original', [3, 4]),
        weight(`fc.${names[0]}`, [3]),
        weight(`fc.${names[1]}`, [4]),
        weight('axes', []),
      ],
      node: [...nodes, node('Transpose', ['w'], ['wT']), node('MatMul', ['x', 'wT'], ['y'])],
    }),
  ).nodes.flatMap(({ outputs, detached: isDetached }) => (isDetached ? outputs : []));

const step = [
  node('MatMul', ['fc.original', 'fc._v'], ['wv']),
  node('ReduceL2', ['wv'], ['norm1']),
  node('Div', ['wv', 'norm1'], ['u']),
  node('Transpose', ['fc.original'], ['oT']),
  node('MatMul', ['oT', 'u'], ['wu']),
  node('ReduceL2', ['wu'], ['norm2']),
  node('Div', ['wu', 'norm2'], ['v']),
  node('Identity', ['v'], ['v1']),
  node('MatMul', ['fc.original', 'v1'], ['wv1']),
  node('MatMul', ['u', 'wv1'], ['sigma']),
  node('Div', ['fc.original', 'sigma'], ['w']),
];

describe('detachPowerIterations', () => {
  it('makes the improved vectors constants, and nothing else', () => {
    assert.deepEqual(detached(step), ['u', 'v']);
  });

  it('changes nothing where there is no iteration', () => {
    const plain = [
      node('MatMul', ['fc.original', 'fc._v'], ['wv1']),
      node('MatMul', ['fc._u', 'wv1'], ['sigma']),
      node('Div', ['fc.original', 'sigma'], ['w']),
    ];
    assert.deepEqual(detached(plain), []);
  });

  it('leaves the vectors of other computations alone', () => {
    const others = step.map((each) =>
      node(
        each.opType,
        each.input.map((name) => name.replace('_v', 'direction')),
        each.output,
      ),
    );
    assert.deepEqual(detached(others, ['gain', 'direction']), []);
  });
});
