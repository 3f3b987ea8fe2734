import assert from 'node:assert/strict';
import type { Graph } from '../../../extension/onnx/graph';
import { importGraph } from '../../../extension/onnx/import';
import { improvedVectors } from '../../../extension/onnx/power-iteration';
import { modelOf, node, port, weight } from './models';

/** W/σ with and without a step of the power iteration before. */
const graphOf = (nodes: ReturnType<typeof node>[], names = ['_u', '_v']): Graph =>
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
  );

/** What no gradient passes. */
const detached = (...graph: Parameters<typeof graphOf>): string[] =>
  graphOf(...graph).nodes.flatMap(({ outputs, detached: isDetached }) => (isDetached ? outputs : []));

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

describe('improvedVectors', () => {
  const typed = (nodes: ReturnType<typeof node>[]): Graph => {
    const graph = graphOf(nodes);
    graph.types.set('u', { dtype: 'float32', shape: [3] }).set('v', { dtype: 'float32', shape: [4] });
    for (const [name, { dtype, shape }] of graph.initializers) graph.types.set(name, { dtype, shape });
    return graph;
  };

  it('finds what the vector is at the next step', () => {
    assert.deepEqual(improvedVectors(typed(step)), [{ name: 'fc._v', value: 'v' }]);
  });

  it('finds nothing where there is no iteration', () => {
    assert.deepEqual(
      improvedVectors(
        typed(
          step.slice(7).map((each) =>
            node(
              each.opType,
              each.input.map((name) => (name === 'v' || name === 'u' ? `fc._${name}` : name)),
              each.output,
            ),
          ),
        ),
      ),
      [],
    );
  });
});
