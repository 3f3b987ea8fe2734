import assert from 'node:assert/strict';
import type { Inspection } from '../../../extension/protocol/inspection';
import { gradientDoctor } from './harness';

const inspection: Inspection = {
  model: 'model.onnx',
  producer: 'pytorch',
  opset: 20,
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 20] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 10] }],
  layers: [
    { name: 'head', op: 'Gemm', kind: 'linear', parameters: ['head.weight'], source: { file: 'train.py', line: 9 } },
  ],
  parameters: [
    { name: 'head.weight', shape: [10, 20], dtype: 'float32', trainable: true, why: 'marked', mean: 0, std: 0.1 },
    { name: 'mask', shape: [], dtype: 'float32', trainable: false, why: 'a scalar', mean: NaN, std: 0 },
  ],
  unsupported: [{ op: 'STFT', node: 'node_stft', layer: 'front' }],
};

describe('gradient-doctor inspect', () => {
  it('shows layers with their source, parameters with their reason, and operators without a gradient', async () => {
    const { code, out } = await gradientDoctor(['inspect', 'model.onnx'], {
      inspect: () => Promise.resolve(inspection),
    });
    assert.equal(code, 0);
    assert.match(out, /head +Gemm +linear +head\.weight +train\.py:9/);
    assert.match(out, /200 trained weights in 1 tensor/);
    assert.match(out, /mask +scalar +float32 +NaN +0 +no +a scalar/);
    assert.match(out, /STFT, node "node_stft" in layer front/);
  });

  it('prints the inspection as JSON', async () => {
    const { out } = await gradientDoctor(['inspect', 'model.onnx', '--json'], {
      inspect: () => Promise.resolve(inspection),
    });
    const [weight, mask] = inspection.parameters;
    assert.deepEqual(JSON.parse(out), { ...inspection, parameters: [weight, { ...mask, mean: 'NaN' }] });
  });
});

describe('gradient-doctor gradients', () => {
  it('asks for the gradients of a batch', async () => {
    const { code, gradients, out } = await gradientDoctor(
      'gradients m.onnx --data b.npz --loss mse --out g.npz --wrt x,head.weight'.split(' '),
    );
    assert.equal(code, 0);
    const { experiment, ...rest } = gradients[0]!;
    assert.deepEqual(rest, { out: 'g.npz', wrt: ['x', 'head.weight'] });
    assert.equal(experiment.model, 'm.onnx');
    assert.equal(experiment.loss, 'mse');
    assert.deepEqual(experiment.data, { kind: 'file', path: 'b.npz' });
    assert.match(out, /loss 0\.5; gradients of 2 tensors in g\.npz/);
  });
});

describe('gradient-doctor providers', () => {
  it('says of each provider whether it is usable, or why not', async () => {
    const { code, out } = await gradientDoctor(['providers'], {
      providers: () =>
        Promise.resolve([
          { id: 'cpu', usable: true, device: 'CPU' },
          { id: 'cuda', usable: false, why: 'libcudart.so.12 is missing' },
        ]),
    });
    assert.equal(code, 0);
    assert.match(out, /cpu +yes +CPU\ncuda +no +libcudart\.so\.12 is missing/);
  });
});
