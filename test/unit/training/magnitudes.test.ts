import assert from 'node:assert/strict';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { tensor } from '../../../extension/onnx/tensor';
import { createRuntime } from '../../../extension/trainer/runtime';
import {
  doubts,
  each,
  measure,
  readMagnitudes,
  readMoments,
  readNorm,
  type Care,
} from '../../../extension/training/magnitudes';

interface Measured {
  care: Care;
  mean: number[];
  std: number[];
  norm: number[];
  maxAbs: number[];
  nonFinite: number[];
  weight: number[];
}

/** What is measured of vectors, as activations, as gradients and as weights, with care where that turns out to be needed. */
async function measureAll(vectors: readonly (readonly number[])[], care: Care = new Map()): Promise<Measured> {
  const g = new GraphBuilder(emptyGraph('measure'));
  const tensors = vectors.map((values) => tensor('float32', [values.length], values));
  const inputs = tensors.map((_, i) => g.input(`x${i}`, 'float32', tensors[i]!.shape));
  const measurements = measure(g, { activations: each(inputs), gradients: each(inputs), weights: each(inputs) }, care);
  const { vector, activations, gradients, weights } = measurements;
  g.output(vector!);
  const results = await createRuntime().run(
    exportGraph(g.graph),
    new Map(inputs.map(({ name }, i) => [name, tensors[i]!])),
  );
  const row = results.get(vector!.name)!.data as Float32Array;
  const found = doubts(row, 0, measurements, 1);
  if (found.length > 0)
    return measureAll(vectors, new Map([...care, ...found.map(({ id, scale }) => [id, scale] as const)]));
  const moments = activations.map((place) => readMoments(row, 0, place));
  const magnitudes = gradients.map((place) => readMagnitudes(row, 0, place));
  return {
    care,
    mean: moments.map(({ mean }) => mean),
    std: moments.map(({ std }) => std),
    norm: magnitudes.map(({ norm }) => norm),
    maxAbs: magnitudes.map(({ maxAbs }) => maxAbs),
    nonFinite: magnitudes.map(({ nonFinite }) => nonFinite),
    weight: weights.map((place) => readNorm(row, 0, place)),
  };
}

const close = (actual: number | undefined, expected: number): void => {
  assert.ok(Math.abs(actual! - expected) <= 1e-5 * Math.abs(expected), `${actual!} instead of ${expected}`);
};

describe('measure', () => {
  it('is right over the whole range of float32', async () => {
    const exponents = [-37, -30, -23, -19, -14, -5, 0, 10, 18, 25, 37];
    const measured = await measureAll(exponents.map((exponent) => [3 * 10 ** exponent, -4 * 10 ** exponent]));
    exponents.forEach((exponent, i) => {
      const scale = 10 ** exponent;
      for (const norm of [measured.norm[i], measured.weight[i]]) close(norm, 5 * scale);
      close(measured.maxAbs[i], 4 * scale);
      close(measured.std[i], 3.5 * scale);
    });
    assert.deepEqual(new Set(measured.nonFinite), new Set([0]));
  });

  it('knows zero from next to nothing', async () => {
    const { norm, weight, std } = await measureAll([
      [0, 0, 0],
      [1e-42, 0, 0],
    ]);
    for (const [zero, tiny] of [norm, weight, std]) {
      assert.equal(zero, 0);
      assert.ok(tiny! > 0);
    }
  });

  it('keeps a small deviation beside a large mean', async () => {
    const { mean, std } = await measureAll([[1000.125, 999.875, 1000.125, 999.875]]);
    close(mean[0], 1000);
    close(std[0], 0.125);
  });

  it('counts NaN and infinite elements, in those tensors only that have them', async () => {
    const { nonFinite, norm } = await measureAll([
      [1, NaN, Infinity, -Infinity],
      [3, 4],
      [2, NaN],
    ]);
    assert.deepEqual(nonFinite, [3, 0, 1]);
    assert.ok(Number.isNaN(norm[0]) && Number.isNaN(norm[2]));
    close(norm[1], 5);
  });

  it('is right with more tensors than share a branch', async () => {
    const vectors = Array.from({ length: 100 }, (_, i) => [i % 7 === 0 ? 1e-25 : 1, i]);
    const { norm } = await measureAll(vectors);
    vectors.forEach(([a, b], i) => {
      close(norm[i], Math.hypot(a!, b!));
    });
  });
});
