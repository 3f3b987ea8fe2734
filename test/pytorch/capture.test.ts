/**
 * Capture of training scripts, executed: the captured model has the gradients that the script itself has on its first
 * batch, and the experiment says what the script does. The scripts are `test/fixtures/scripts/`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Capture } from '../../extension/capture/captured-experiment';
import { captureScript } from '../../extension/capture/capture-script';
import { numbers } from '../../extension/onnx/tensor';
import {
  defaultExperiment,
  defaultOptimizer,
  type CaptureOrigin,
  type Experiment,
  type OptimizerId,
  type OptimizerSettings,
} from '../../extension/protocol/experiment';
import { Trainer } from '../../extension/trainer/host';
import { readArrays } from '../../extension/training/data/read-arrays';
import { python } from './python';

const root = join(__dirname, '../../..');
const scripts = join(root, 'test/fixtures/scripts');
const shim = join(root, 'dist/gradient_doctor_capture');
const execute = promisify(execFile);

interface Case {
  script: string;
  shows: string;
  args?: string[];
  backward?: number;
  network: string;
  /** What the captured experiment says, model, data and origin aside. */
  experiment: Partial<Experiment>;
  notes?: RegExp[];
  inputs: Record<string, number[]>;
  /** The script's gradient is this share of the captured model's: of n batches that are averaged. */
  share?: number;
  /** Of a gradient, relative to the largest of its tensor. */
  tolerance?: number;
}

const optimizer = (id: OptimizerId, options: Partial<OptimizerSettings>): OptimizerSettings => ({
  ...defaultOptimizer(id),
  ...options,
});

const cases: Case[] = [
  {
    script: 'plain.py',
    shows: 'a plain loop at module level',
    network: 'Sequential',
    experiment: {
      loss: 'mse',
      mode: 'train',
      optimizer: optimizer('sgd', { lr: 0.05, momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
    },
    notes: [/StepLR is stepped once an epoch/],
    inputs: { input: [32, 12], target: [32, 1] },
  },
  {
    script: 'arguments.py',
    shows: 'arguments, a main guard, clipping and a schedule',
    args: ['--depth', '3', '--lr', '0.002'],
    network: 'Net',
    experiment: {
      loss: 'cross-entropy',
      classAxis: 1,
      mode: 'train',
      optimizer: optimizer('adamw', { lr: 0.002, betas: [0.9, 0.98], eps: 1e-9, weightDecay: 0.05 }),
      schedule: { id: 'cosine-annealing-lr', parameters: { t_max: 200, eta_min: 1e-6, unit: 'step' } },
      clipping: { kind: 'norm', limit: 0.5 },
    },
    inputs: { features: [24, 10], target: [24] },
  },
  {
    script: 'amp.py',
    shows: 'mixed precision',
    network: 'ConvNet',
    experiment: {
      loss: 'cross-entropy',
      classAxis: 1,
      mode: 'train',
      optimizer: optimizer('adam', { lr: 2e-3 }),
      clipping: { kind: 'norm', limit: 1 },
    },
    notes: [/bfloat16/],
    inputs: { images: [16, 3, 12, 12], target: [16] },
    tolerance: 0.1,
  },
  {
    script: 'lightning_like.py',
    shows: 'a training_step that calls parts of its module inside a closure',
    network: 'LitAutoEncoder',
    experiment: {
      loss: 'mse',
      mode: 'train',
      optimizer: optimizer('adam', { lr: 1e-3 }),
      schedule: { id: 'step-lr', parameters: { step_size: 4, gamma: 0.95, unit: 'step' } },
      clipping: { kind: 'norm', limit: 0.25 },
    },
    notes: [/ExponentialLR is stepped once an epoch of 4 batches/],
    inputs: { input: [20, 28], target: [20, 28] },
  },
  {
    script: 'accumulation.py',
    shows: 'accumulated gradients, frozen parameters and several learning rates',
    network: 'Classifier',
    experiment: {
      loss: 'bce-with-logits',
      mode: 'train',
      optimizer: optimizer('adamw', { lr: 1e-4, weightDecay: 0.1 }),
      frozen: ['embedding.weight'],
    },
    notes: [/2 learning rates \(0\.0001, 0\.001\)/, /gradients of 4 batches/],
    inputs: { tokens: [8, 6], target: [8] },
    share: 1 / 4,
  },
  {
    script: 'rnn.py',
    shows: 'a recurrent network, time first, with the state carried on',
    network: 'SequenceTagger',
    experiment: {
      loss: 'nll',
      classAxis: 2,
      mode: 'train',
      optimizer: optimizer('sgd', { lr: 0.1 }),
      clipping: { kind: 'value', limit: 0.5 },
    },
    inputs: { sequence: [9, 5, 6], target: [9, 5] },
  },
  {
    script: 'gan.py',
    shows: 'two networks: the discriminator, whose backward comes first',
    network: 'Discriminator',
    experiment: { loss: 'output', mode: 'train', optimizer: optimizer('adam', { lr: 2e-4, betas: [0.5, 0.999] }) },
    notes: [/1 other optimizer is not in the captured run/],
    inputs: { sample: [12, 8], sample_1: [12, 8], input: [12], input_1: [12] },
  },
  {
    script: 'gan.py',
    shows: 'two networks: the generator, by the second backward',
    backward: 2,
    network: 'Composite',
    experiment: {
      loss: 'output',
      mode: 'train',
      optimizer: optimizer('adam', { lr: 1e-4, betas: [0.5, 0.999] }),
      frozen: ['netD.main.0.weight', 'netD.main.0.bias', 'netD.main.2.weight', 'netD.main.2.bias'],
    },
    notes: [/1 other optimizer is not in the captured run/],
    inputs: { noise: [12, 4], input: [12] },
  },
  {
    script: 'gan_in_turns.py',
    shows: 'a discriminator that sees real and generated samples in turns',
    network: 'Critic',
    experiment: { loss: 'bce-with-logits', mode: 'train', optimizer: optimizer('sgd', { lr: 0.1 }) },
    notes: [/All targets of the captured batch are alike/, /gradients of 2 batches/, /1 other optimizer/],
    inputs: { sample: [12, 8], target: [12, 1] },
  },
  {
    script: 'summed_loss.py',
    shows: 'a loss that is summed, and divided by the rows of the batch',
    network: 'SummedAutoencoder',
    experiment: { loss: 'output', mode: 'train', optimizer: optimizer('sgd', { lr: 0.01 }) },
    inputs: { x: [16, 6] },
  },
  {
    script: 'language_model.py',
    shows: 'a compiled language model with tied weights, logits and targets flattened',
    network: 'GPT',
    experiment: {
      loss: 'cross-entropy',
      classAxis: 2,
      mode: 'train',
      optimizer: optimizer('adamw', { lr: 1e-3, betas: [0.9, 0.95], weightDecay: 0.1 }),
      schedule: { id: 'warmup', parameters: { steps: 20, start_factor: 0.01, unit: 'step' } },
      clipping: { kind: 'norm', limit: 1 },
    },
    inputs: { idx: [6, 12], target: [6, 12] },
  },
  {
    script: 'custom_loss.py',
    shows: 'a loss of its own over two calls of one network and one of another',
    network: 'Composite',
    experiment: { loss: 'output', mode: 'train', optimizer: optimizer('adam', { lr: 5e-4 }) },
    notes: [/no RMSprop/],
    inputs: { x: [14, 10], x_1: [14, 10], input: [14, 14], input_1: [14], labels: [14] },
  },
  {
    script: 'trainer_like.py',
    shows: 'a trainer whose model returns its loss in a dataclass',
    network: 'SequenceClassifier',
    experiment: {
      loss: 'output',
      mode: 'train',
      optimizer: optimizer('adamw', { lr: 5e-5 }),
      clipping: { kind: 'norm', limit: 1 },
    },
    notes: [/no LambdaLR/, /gradients of 2 batches/],
    inputs: { input_ids: [8, 10], attention_mask: [8, 10], labels: [8] },
    share: 1 / 2,
  },
  {
    script: 'workers.py',
    shows: 'a DataLoader with worker processes, one BatchNorm frozen, Dropout',
    network: 'SmallNet',
    experiment: {
      loss: 'cross-entropy',
      classAxis: 1,
      mode: 'as-exported',
      optimizer: optimizer('sgd', { lr: 0.01 }),
      schedule: { id: 'reduce-lr-on-plateau', parameters: { factor: 0.5, patience: 12, unit: 'step' } },
    },
    notes: [/draws random numbers \(as Dropout does\)/, /ReduceLROnPlateau is stepped once an epoch of 4 batches/],
    inputs: { x: [10, 1, 10, 10], target: [10] },
  },
];

const referenceName = ({ script, backward = 1 }: Case): string => script.replace('.py', `-${backward}`);

/** Two at a time: that is as fast as it gets on a small machine. */
async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    [0, 1].map(async () => {
      for (const item of queue) await work(item);
    }),
  );
}

const origin = (folder: string, script: string, args: readonly string[] = []): CaptureOrigin => ({
  python,
  script,
  args,
  cwd: folder,
});

describe('capture of a training script', () => {
  let folder: string;
  const captures = new Map<Case, Capture | Error>();
  const trainer = new Trainer({ path: join(root, 'dist/trainer.js') });

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-capture-'));
    const references = execute(
      python,
      [
        join(root, 'test/pytorch/reference_gradients.py'),
        folder,
        JSON.stringify(
          cases.map(({ script, args = [], network, backward = 1 }) => ({
            script: join(scripts, script),
            args,
            network,
            backward,
          })),
        ),
      ],
      { cwd: folder },
    );
    await inPairs(cases, async (each) => {
      const out = join(folder, referenceName(each));
      const { script, args, backward } = each;
      captures.set(
        each,
        await captureScript(
          { ...origin(folder, join(scripts, script), args), ...(backward !== undefined && { backward }) },
          { shim, out, timeoutSeconds: 120 },
        ).catch((error: unknown) => error as Error),
      );
    });
    await references;
  });
  after(async () => {
    await trainer.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const captureOf = (each: Case): Capture => {
    const capture = captures.get(each)!;
    if (capture instanceof Error) throw capture;
    return capture;
  };

  for (const each of cases)
    describe(`${each.script}: ${each.shows}`, () => {
      it('has the settings of the script, and says what they cannot express', () => {
        const { experiment, network, notes } = captureOf(each);
        const { name, model, data, capture, ...settings } = experiment;
        assert.equal(network, each.network);
        assert.equal(name, each.script);
        assert.equal(capture.script, join(scripts, each.script));
        assert.equal(capture.backward, each.backward);
        assert.ok(existsSync(model) && data.kind === 'file');
        assert.deepEqual(settings, each.experiment);
        assert.equal(notes.length, each.notes?.length ?? 0, notes.join('\n'));
        for (const note of each.notes ?? [])
          assert.ok(
            notes.some((text) => note.test(text)),
            notes.join('\n'),
          );
      });

      it('has the batch of the script, under the names of its own code', async () => {
        const { data } = captureOf(each).experiment;
        assert.ok(data.kind === 'file');
        const arrays = await readArrays(data.path);
        assert.deepEqual(Object.fromEntries([...arrays].map(([name, { shape }]) => [name, [...shape]])), each.inputs);
      });

      it('has the gradients that the script has', async () => {
        const out = join(folder, `${referenceName(each)}-captured.npz`);
        const { experiment } = captureOf(each);
        await trainer.gradients({ experiment: { ...defaultExperiment(experiment.model), ...experiment }, out });
        const [actual, expected] = await Promise.all([out, join(folder, `${referenceName(each)}.npz`)].map(readArrays));
        const names = [...actual!.keys()].filter((name) => name !== 'loss' && !experiment.frozen?.includes(name));
        // A tied parameter has one of its names; what is frozen has no gradient in the script.
        assert.ok(names.length >= (expected!.size - (experiment.frozen?.length ?? 0)) * 0.9, names.join(', '));
        for (const name of names) {
          const wanted = expected!.get(name) ?? (name === 'lm_head.weight' ? expected!.get('wte.weight') : undefined);
          assert.ok(wanted, `the script has no gradient of ${name}`);
          const target = numbers(wanted).map((value) => value / (each.share ?? 1));
          const largest = Math.max(...target.map(Math.abs));
          const worst = Math.max(...numbers(actual!.get(name)!).map((value, i) => Math.abs(value - target[i]!)));
          assert.ok(worst <= (each.tolerance ?? 1e-3) * largest + 1e-6, `${name}: off by ${worst} of ${largest}`);
        }
      });
    });

  it('knows which line creates a layer and which one calls it', async () => {
    const language = captureOf(cases.find(({ script }) => script === 'language_model.py')!);
    const { layers } = await trainer.inspect(language.experiment.model);
    const source = (await readFile(join(scripts, 'language_model.py'), 'utf8')).split('\n');
    const lines = (name: string) => {
      const { created, source: called } = layers.find((layer) => layer.name === name)!;
      assert.equal(created?.file, join(scripts, 'language_model.py'));
      assert.equal(called?.file, join(scripts, 'language_model.py'));
      return { created: source[created.line - 1]!.trim(), called: source[called.line - 1]!.trim() };
    };
    assert.deepEqual(lines('blocks.1.qkv'), {
      created: 'self.qkv = nn.Linear(width, 3 * width)',
      called: 'q, k, v = self.qkv(self.norm1(x)).view(b, t, 3, 2, c // 2).permute(2, 0, 3, 1, 4)',
    });
    assert.deepEqual(lines('blocks.0.mlp.2'), {
      created: 'self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))',
      called: 'return x + self.mlp(self.norm2(x))',
    });
  });

  it('leaves nothing of the script behind: it ends before a file is written', () => {
    captureOf(cases[0]!);
    assert.ok(!existsSync(join(folder, 'plain.pt')));
  });
});

describe('capture refuses with one sentence that says what to do', () => {
  const header = 'import torch\nfrom torch import nn\nmodel = nn.Linear(3, 2)\nx = torch.randn(4, 3)\n';
  const refusals: { name: string; code: string; says: RegExp; environment?: Record<string, string> }[] = [
    {
      name: 'a script that never calls backward()',
      code: `${header}print(model(x).sum())`,
      says: /^script\.py ended without calling backward\(\): give the arguments with which it trains/,
    },
    {
      name: 'a script that fails before',
      code: `${header}model(x[:, :2]).sum().backward()`,
      says: /^script\.py failed before it called backward\(\) \(script\.py, line 5\): RuntimeError: mat1 and mat2/,
    },
    {
      name: 'a script that needs another package',
      code: 'import no_such_package_anywhere',
      says: /^script\.py imports no_such_package_anywhere, which .+ does not have \(script\.py, line 1\): install it there/,
    },
    {
      name: 'a loss without a gradient',
      code: `${header}try:\n    model(x).detach().sum().backward()\nexcept Exception:\n    pass`,
      says: /^backward\(\) is called on a tensor without a gradient \(script\.py, line 6\): it was detached/,
    },
    {
      name: 'an operator that cannot be exported',
      code: `${header}torch.linalg.matrix_exp(model(x)[:2] @ model(x)[2:].T).sum().backward()`,
      says: /^The operator aten.+matrix_exp.* cannot be exported to ONNX \(script\.py, line 5\): replace it/,
    },
    {
      name: 'an autograd function of its own',
      code: `${header}class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x
    @staticmethod
    def backward(ctx, dy):
        return 2 * dy
Double.apply(model(x)).sum().backward()`,
      says: /^The loss is computed through DoubleBackward, which .* inside an nn\.Module/,
    },
    {
      name: 'training in several processes',
      code: `${header}import torch.multiprocessing as mp
def train(rank):
    model(x).sum().backward()
if __name__ == "__main__":
    mp.spawn(train, nprocs=2)`,
      says: /^The script trains in several processes: start it with one/,
    },
  ];

  let folder: string;
  const messages = new Map<string, string>();
  before(async function () {
    this.timeout(180_000);
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-refusals-'));
    await inPairs(refusals, async ({ name, code }) => {
      const own = await mkdtemp(join(folder, 'script-'));
      await writeFile(join(own, 'script.py'), code);
      const attempt = captureScript(origin(own, join(own, 'script.py')), {
        shim,
        out: join(own, 'out'),
        timeoutSeconds: 60,
      });
      messages.set(
        name,
        await attempt.then(
          () => 'captured',
          (error: unknown) => (error as Error).message,
        ),
      );
    });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const { name, says } of refusals)
    it(name, () => {
      assert.match(messages.get(name)!, says);
    });

  it('a Python without PyTorch', async () => {
    const environment = join(folder, 'environment');
    await execute(python, ['-m', 'venv', '--without-pip', environment]);
    const bare = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
    await mkdir(join(folder, 'bare'));
    const script = join(folder, 'bare/script.py');
    await writeFile(script, header);
    await assert.rejects(
      captureScript(
        { ...origin(folder, script), python: bare },
        { shim, out: join(folder, 'bare/out'), timeoutSeconds: 60 },
      ),
      /has no PyTorch .*: choose the interpreter that you train with, or install torch there\.$/,
    );
  });

  it('a command that is no Python', async () => {
    const script = join(folder, 'script.py');
    await writeFile(script, header);
    await assert.rejects(
      captureScript(
        { ...origin(folder, script), python: join(folder, 'no-python') },
        { shim, out: join(folder, 'out'), timeoutSeconds: 60 },
      ),
      /no-python cannot be run: .+\. Choose the Python that you train with\.$/,
    );
  });
});
