import assert from 'node:assert/strict';
import { emptyGraph } from '../../../extension/onnx/graph';
import { tensor } from '../../../extension/onnx/tensor';
import { constantWeights } from '../../../extension/training/constant-weights';

/** Linear layers of these weights, 2 × 2, each with a bias of zeros. */
function layersOf(weights: readonly (readonly number[])[]): string[] {
  const graph = emptyGraph('test');
  const layers = weights.map((values, i) => {
    graph.initializers.set(`${i}.weight`, tensor('float32', [2, 2], [...values]));
    graph.initializers.set(`${i}.bias`, tensor('float32', [2], [0, 0]));
    return { info: { name: `${i}`, op: 'Gemm', kind: 'linear' as const, parameters: [`${i}.weight`, `${i}.bias`] } };
  });
  return constantWeights(graph, layers);
}

const drawn = [0.1, -0.2, 0.3, 0.4];

describe('constantWeights', () => {
  it('names the layers whose weights all have one value', () => {
    assert.deepEqual(layersOf([drawn, [0.5, 0.5, 0.5, 0.5], drawn]), ['1']);
    assert.deepEqual(layersOf([drawn, drawn]), []);
  });

  it('leaves a layer of zeros alone, as at the end of a residual branch, but not a network of them', () => {
    const zeros = [0, 0, 0, 0];
    assert.deepEqual(layersOf([drawn, drawn, zeros]), []);
    assert.deepEqual(layersOf([zeros, zeros, drawn]), ['0', '1']);
  });
});
