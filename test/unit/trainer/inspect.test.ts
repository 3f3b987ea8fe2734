import { create } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TensorProtoSchema } from '../../../extension/onnx/onnx_pb';
import { inspectModel, statistics } from '../../../extension/trainer/inspect';
import { modelBytes, node, port, weight } from '../onnx/models';

describe('inspectModel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('tells layers, parameters, and what has no gradient', async () => {
    const path = join(folder, 'model.onnx');
    const graph = {
      input: [port('x', ['batch', 3])],
      output: [port('y', ['batch', 2])],
      initializer: [
        weight('fc.weight', [2, 3], [1, 1, 1, 3, 3, 3]),
        create(TensorProtoSchema, { name: 'half', dataType: 10, dims: [2n], int32Data: [0x3c00, 0x4200] }),
      ],
      node: [
        node('Gemm', ['x', 'fc.weight'], ['h'], { name: 'fc' }),
        node('Compress', ['h', 'x'], ['d'], { name: 'kept' }),
        node('Mul', ['d', 'half'], ['y']),
      ],
    };
    await writeFile(path, modelBytes(graph, { producerName: 'pytorch', producerVersion: '2.13.0' }));
    const inspection = await inspectModel(path);
    assert.deepEqual(
      { ...inspection, layers: inspection.layers.map(({ name, kind }) => `${name} ${kind}`) },
      {
        model: path,
        producer: 'pytorch 2.13.0',
        opset: 20,
        inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
        layers: ['fc linear'],
        parameters: [
          {
            name: 'fc.weight',
            shape: [2, 3],
            dtype: 'float32',
            trainable: true,
            why: 'weight of Gemm "fc" in layer fc',
            mean: 2,
            std: 1,
          },
          {
            name: 'half',
            shape: [2],
            dtype: 'float16',
            trainable: false,
            why: 'used by Mul "Mul_2", where nothing tells a parameter from a constant',
            mean: 2,
            std: 1,
          },
        ],
        unsupported: [{ op: 'Compress', node: 'kept', layer: '' }],
      },
    );
  });

  it('measures weights in double precision', () => {
    const data = new Float32Array(10_000).map((_, i) => 1e4 + (i % 2));
    const { mean, std } = statistics({ dtype: 'float32', shape: [10_000], data });
    assert.equal(mean, 1e4 + 0.5);
    assert.equal(std, 0.5);
  });
});
