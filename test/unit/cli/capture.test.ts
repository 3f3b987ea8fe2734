import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCapture } from '../../../extension/capture/captured-experiment';
import { defaultOptimizer } from '../../../extension/protocol/experiment';
import { makeRun } from '../diagnosis/run-factory';
import { gradientDoctor } from './harness';

const captured = {
  version: 1,
  script: '/home/me/train.py',
  args: ['--depth', '30'],
  cwd: '/home/me',
  python: { executable: '/usr/bin/python3', version: '3.11.2' },
  versions: { torch: '2.6.0' },
  network: 'Net',
  data: 'batch.npz',
  experiment: {
    loss: 'cross-entropy',
    classAxis: 1,
    mode: 'train',
    optimizer: { id: 'adam', lr: 0.003, momentum: 0, nesterov: false, weightDecay: 0, betas: [0.8, 0.99], eps: 1e-8 },
    clipping: { kind: 'norm', limit: 2 },
    schedule: { id: 'step-lr', parameters: { step_size: 30, gamma: 0.1, unit: 'step' } },
    frozen: ['embedding.weight'],
  },
  seen: { backward: 2 },
  notes: ['Something is different.'],
};

describe('the folder of a capture', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-cli-'));
    await writeFile(join(folder, 'experiment.json'), JSON.stringify(captured));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const trained = async (...options: string[]) =>
    (await gradientDoctor(['diagnose', folder, ...options], { run: makeRun({ depth: 2, steps: 2 }) })).trained[0]!;

  it('is diagnosed as the script trains', async () => {
    const experiment = await trained();
    assert.equal(experiment.model, join(folder, 'model.onnx'));
    assert.deepEqual(experiment.data, { kind: 'file', path: join(folder, 'batch.npz') });
    for (const field of ['loss', 'classAxis', 'mode', 'optimizer', 'clipping', 'schedule', 'frozen'] as const)
      assert.deepEqual(experiment[field], captured.experiment[field], field);
    assert.deepEqual(experiment.capture, {
      python: '/usr/bin/python3',
      script: '/home/me/train.py',
      args: ['--depth', '30'],
      cwd: '/home/me',
      backward: 2,
    });
  });

  it('gives way to options that are stated', async () => {
    const experiment = await trained('--lr', '0.01', '--loss', 'nll', '--data', 'other.npz', '--mode', 'eval');
    assert.deepEqual(experiment.optimizer, { ...captured.experiment.optimizer, lr: 0.01 });
    assert.equal(experiment.loss, 'nll');
    assert.equal(experiment.mode, 'eval');
    assert.deepEqual(experiment.data, { kind: 'file', path: 'other.npz' });
    assert.deepEqual((await trained('--optimizer', 'adamw')).optimizer, defaultOptimizer('adamw'));
  });

  it('is refused where it holds no capture, or none that can be read', async () => {
    await writeFile(join(folder, 'experiment.json'), JSON.stringify({ ...captured, experiment: { loss: 'hinge' } }));
    await assert.rejects(
      readCapture(folder),
      /experiment\.json: experiment\.\S+ is not as expected; capture the script/,
    );
    await writeFile(join(folder, 'experiment.json'), '{');
    await assert.rejects(readCapture(folder), /experiment\.json: not valid JSON; capture the script again\.$/);
    await rm(join(folder, 'experiment.json'));
    const { code, err } = await gradientDoctor(['diagnose', folder]);
    assert.equal(code, 2);
    assert.match(err, /no experiment\.json in this folder; capture a script into it first\.\n$/);
  });
});

describe('gradient-doctor capture', () => {
  it('wants a script and a folder', async () => {
    const { code, err } = await gradientDoctor(['capture', 'train.py']);
    assert.equal(code, 2);
    assert.match(err, /--out <folder>/);
    const folder = await gradientDoctor(['capture', tmpdir(), '--out', 'somewhere']);
    assert.equal(folder.code, 2);
    assert.match(folder.err, /a folder; name the training script in it\.\n$/);
    const missing = await gradientDoctor(['capture', 'nowhere.py', '--out', 'somewhere', '--python', 'python']);
    assert.equal(missing.code, 2);
    assert.match(missing.err, /nowhere\.py: cannot be read: there is no such file or folder\.\n$/);
  });
});
