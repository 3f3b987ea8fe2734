import assert from 'node:assert/strict';
import { emptyGraph, type Graph, type Node } from '../../../extension/onnx/graph';
import { uncertainOperators } from '../../../extension/trainer/determinism';

const node = (opType: string, attributes: Node['attributes'] = {}): Node => ({
  name: opType,
  opType,
  domain: '',
  inputs: [],
  outputs: [],
  attributes,
  layer: '',
});
const graph = (...nodes: Node[]): Graph => ({ ...emptyGraph('g'), nodes });
const adding = { reduction: { type: 'string', value: 'add' } } as const;
const ops = (one: Graph, provider: string) => uncertainOperators(one, provider).map(({ op }) => op);

describe('operators that cannot promise the same bits', () => {
  it('are found in the bodies of loops', () => {
    const loop = node('Loop', { body: { type: 'graph', value: graph(node('ScatterND', adding), node('Gemm')) } });
    assert.deepEqual(ops(graph(loop), 'cpu'), ['ScatterND']);
  });

  it('depend on the provider, and on what they do', () => {
    const scatter = graph(node('ScatterElements', adding), node('Conv'), node('ScatterND'));
    assert.deepEqual(ops(scatter, 'cpu'), []);
    assert.deepEqual(ops(scatter, 'webgpu'), ['ScatterElements']);
    assert.deepEqual(ops(scatter, 'cuda'), ['Conv', 'ScatterElements']);
    assert.deepEqual(ops(scatter, 'coreml'), ['*']);
  });
});
