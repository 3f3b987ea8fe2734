/**
 * WebGPU against PyTorch: the gradients of some of the parity fixtures, one of every kind of layer whose kernels differ
 * from the CPU's. On a machine without a GPU it runs on a software driver; a provider that does not work is a failure.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numbers } from '../../extension/onnx/tensor';
import { defaultExperiment, type Experiment, type LossId, type Mode } from '../../extension/protocol/experiment';
import { rowWidth, stepColumn, type RunHeader } from '../../extension/protocol/run';
import { Trainer } from '../../extension/trainer/host';
import { parseNpz } from '../../extension/training/data/npz';

const root = join(__dirname, '../../..');
const norm = (values: readonly number[]): number => Math.hypot(...values);

const arraysOf = async (path: string): Promise<Map<string, number[]>> =>
  new Map([...parseNpz(new Uint8Array(await readFile(path)))].map(([name, values]) => [name, numbers(values)]));

async function fixture(name: string): Promise<{ folder: string; experiment: Experiment }> {
  const folder = join(root, 'test/fixtures/parity', name);
  const { loss, mode } = JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8')) as { loss: LossId; mode: Mode };
  const data = { kind: 'file', path: join(folder, 'batch.npz') } as const;
  return {
    folder,
    experiment: { ...defaultExperiment(join(folder, 'model.onnx')), provider: 'webgpu', loss, mode, data },
  };
}

describe('WebGPU', function () {
  this.timeout(180_000);
  let folder: string;
  let trainer: Trainer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-'));
    trainer = new Trainer({ path: join(root, 'dist/trainer.js') });
    const providers = await trainer.providers();
    const { timeProbe, ...webgpu } = providers.find(({ id }) => id === 'webgpu')!;
    assert.deepEqual(webgpu, { id: 'webgpu', usable: true, device: undefined });
    // Beside the CPU it is measured.
    assert.ok(timeProbe! > 0);
  });
  after(async () => {
    await trainer.dispose();
    await rm(folder, { recursive: true });
  });

  for (const name of [
    'mlp-relu-dynamo',
    'cnn-batch-norm-dynamo',
    'pooling-dynamo',
    'conv-strided-dilated-grouped-dynamo',
    'conv-3d-dynamo',
    'gpt-tied-dynamo',
    'gru-dynamo',
  ])
    it(`gives PyTorch's gradients: ${name}`, async () => {
      const { folder: from, experiment } = await fixture(name);
      const out = join(folder, 'gradients.npz');
      await trainer.gradients({ experiment, out });
      const [actual, expected] = [await arraysOf(out), await arraysOf(join(from, 'grads.npz'))];
      const all = norm([...expected].flatMap(([each, values]) => (each === 'loss' ? [] : [norm(values)])));
      for (const [each, values] of expected) {
        const error = norm(actual.get(each)!.map((value, i) => value - values[i]!));
        assert.ok(error <= 1e-4 * (norm(values) + 1e-3 * all), `${each}: off by ${error} of ${norm(values)}`);
      }
    });

  it('trains as the CPU does, and says which operators it has no kernel for', async () => {
    const { experiment } = await fixture('resnet-dynamo');
    const losses = async (provider: string) => {
      const found: number[] = [];
      let header: RunHeader | undefined;
      await trainer.train(
        { ...experiment, provider, steps: 5 },
        {
          header: (arrived) => (header = arrived),
          steps: ({ rows, count }) => {
            const width = rowWidth(header!.layout);
            for (let i = 0; i < count; i++) found.push(rows[i * width + stepColumn('loss')]!);
          },
        },
      );
      return { found, notes: header!.notes };
    };
    const [cpu, webgpu] = [await losses('cpu'), await losses('webgpu')];
    webgpu.found.forEach((loss, i) => {
      assert.ok(
        Math.abs(loss - cpu.found[i]!) <= 1e-4 * Math.abs(cpu.found[i]!),
        `step ${i}: ${loss}, ${cpu.found[i]}`,
      );
    });
    assert.deepEqual(cpu.notes, []);
    assert.match(
      webgpu.notes.join(),
      /^\d+ of \d+ operators of a step run on the CPU, which webgpu has no kernel for: /,
    );
  });
});
