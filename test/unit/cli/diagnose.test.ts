import assert from 'node:assert/strict';
import type { RunDocument } from '../../../extension/cli/run-document';
import { InputError, RunError } from '../../../extension/protocol/errors';
import { makeRun } from '../diagnosis/run-factory';
import { gradientDoctor } from './harness';

const healthy = makeRun({ depth: 3, steps: 20 });
const sick = makeRun({
  depth: 10,
  steps: 20,
  layer: (_, __, index) => ({ weightGradient: 0.4 ** (20 - index), gradientRms: 0.4 ** (20 - index) }),
});

describe('gradient-doctor diagnose', () => {
  it('ends with 0 and a table where there is nothing to mend', async () => {
    const { code, out, err, disposed } = await gradientDoctor(['diagnose', 'model.onnx'], { run: healthy });
    assert.equal(code, 0);
    assert.match(out, /layers\.0 +Gemm/);
    assert.match(out, /No findings\.\n$/);
    assert.equal(err, '');
    assert.ok(disposed);
  });

  it('ends with 1 where there is a finding, with its number, threshold and source', async () => {
    const { code, out } = await gradientDoctor(['diagnose', 'model.onnx'], { run: sick });
    assert.equal(code, 1);
    assert.match(
      out,
      /✗ error vanishing-gradient\n {2}Gradients vanish: layers\.0 .*\n {2}value .*threshold 0\.001 \(AutoTrainer/,
    );
  });

  it('judges by limits of the user', async () => {
    const lenient = ['--threshold', 'vanishing-gradient=1e-12', '--threshold', 'poor-initialization=100'];
    const { code } = await gradientDoctor(['diagnose', 'model.onnx', ...lenient], { run: sick });
    assert.equal(code, 0);
    const strict = ['--threshold', 'update-ratio=0.001'];
    const { out } = await gradientDoctor(['diagnose', 'model.onnx', ...strict], { run: healthy });
    assert.match(out, /update-ratio\n.*\n {2}value 0\.002, threshold 0\.001 \(your settings\)/);
  });

  it('refuses a limit that it does not understand', async () => {
    for (const [text, message] of [
      ['vanishing=1', /There is no symptom "vanishing". Known: vanishing-gradient, /],
      ['update-ratio=small', /The limit of update-ratio must be a number/],
      ['update-ratio', /as in update-ratio=0\.05/],
    ] as const) {
      const { code, err } = await gradientDoctor(['diagnose', 'model.onnx', '--threshold', text]);
      assert.equal(code, 2);
      assert.match(err, message);
    }
  });

  it('prints one JSON document of the contract', async () => {
    const { code, out } = await gradientDoctor(['diagnose', 'model.onnx', '--json'], { run: sick });
    assert.equal(code, 1);
    const document = JSON.parse(out) as RunDocument;
    assert.deepEqual(Object.keys(document), ['model', 'provider', 'settings', 'layers', 'steps', 'findings']);
    assert.equal(document.steps.length, 20);
    assert.deepEqual(document.layers[0], {
      name: 'layers.0',
      op: 'Gemm',
      kind: 'linear',
      parameters: ['layers.0.weight'],
    });
    assert.deepEqual(document.steps[3]!.layers.at(-1), {
      name: 'head',
      activation: { mean: 0.1, std: 1, zeroShare: null, saturatedShare: null },
      activationGradient: { rms: 1, maxAbs: 0.03, nonFinite: 0 },
      gradient: { norm: 4, rms: 1, maxAbs: 3, nonFinite: 0 },
      weightNorm: 2,
      updateNorm: 0.4,
    });
    assert.equal(document.findings[0]!.symptom, 'vanishing-gradient');
  });

  it('writes numbers that are not finite as strings', async () => {
    const run = makeRun({
      depth: 2,
      steps: 3,
      step: (step) => (step === 2 ? { loss: NaN, gradientNorm: Infinity } : {}),
    });
    const { code, out } = await gradientDoctor(['diagnose', 'model.onnx', '--json'], { run });
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as { steps: { loss: unknown }[] }).steps[2]!.loss, 'NaN');
  });

  it('says why a run was stopped', async () => {
    const { out } = await gradientDoctor(['diagnose', 'model.onnx', '--json'], {
      run: { ...healthy, end: { kind: 'stopped', reason: 'the loss is NaN' } },
    });
    assert.equal((JSON.parse(out) as RunDocument).stopped, 'the loss is NaN');
  });

  it('fills in the defaults of the contract', async () => {
    const { trained } = await gradientDoctor(['diagnose', 'model.onnx'], { run: healthy });
    assert.deepEqual(trained[0]!.optimizer, {
      id: 'sgd',
      lr: 0.1,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
      betas: [0.9, 0.999],
      eps: 1e-8,
    });
    assert.deepEqual(trained[0]!.data, { kind: 'synthetic' });
    assert.equal(trained[0]!.steps, 100);
    assert.equal(trained[0]!.seed, 0);
    assert.equal(trained[0]!.provider, 'auto');
    assert.equal(trained[0]!.batch, undefined);
  });

  it('takes every option of an experiment', async () => {
    const words =
      'diagnose m.onnx --data b.npz --loss mse --optimizer adamw --lr 0.01 --weight-decay 0 --betas 0.8,0.99 --eps 1e-6 ' +
      '--schedule cosine-annealing-lr:t_max=20,eta_min=1e-6 --remedy clip-grad-norm:max_norm=2 --remedy relu --steps 7 ' +
      '--batch 8 --seed 3 --ep cpu --mode eval --output y --threads 2 --class-axis -1';
    const { trained } = await gradientDoctor(words.split(' '), { run: healthy });
    const { optimizer, schedule, remedies, ...rest } = trained[0]!;
    assert.deepEqual(optimizer, {
      id: 'adamw',
      lr: 0.01,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
      betas: [0.8, 0.99],
      eps: 1e-6,
    });
    assert.deepEqual(schedule, { id: 'cosine-annealing-lr', parameters: { t_max: 20, eta_min: 1e-6, unit: 'step' } });
    assert.deepEqual(
      remedies.map(({ id }) => id),
      ['clip-grad-norm', 'relu'],
    );
    assert.deepEqual(remedies[0]!.parameters, { max_norm: 2 });
    assert.deepEqual(rest, {
      model: 'm.onnx',
      data: { kind: 'file', path: 'b.npz' },
      loss: 'mse',
      output: 'y',
      classAxis: -1,
      batch: 8,
      steps: 7,
      seed: 3,
      provider: 'cpu',
      mode: 'eval',
      threads: 2,
    });
  });
});

describe('errors of the command line', () => {
  const inputError = (): Promise<never> => Promise.reject(new InputError('model.onnx: not an ONNX file.'));

  it('end with 2 and one line for bad input', async () => {
    const { code, out, err } = await gradientDoctor(['diagnose', 'model.onnx'], { train: inputError });
    assert.deepEqual({ code, out, err }, { code: 2, out: '', err: 'model.onnx: not an ONNX file.\n' });
  });

  it('end with 3 and one line for a run that failed', async () => {
    const { code, err } = await gradientDoctor(['diagnose', 'model.onnx'], {
      train: () => Promise.reject(new RunError('The trainer died.\nSIGKILL')),
    });
    assert.deepEqual({ code, err }, { code: 3, err: 'The trainer died. SIGKILL\n' });
  });

  it('end with 130 when interrupted', async () => {
    const interrupt = new AbortController();
    const { code, err } = await gradientDoctor(
      ['diagnose', 'model.onnx'],
      {
        train: () => {
          interrupt.abort();
          return Promise.resolve({ kind: 'stopped', reason: 'cancelled' });
        },
      },
      interrupt.signal,
    );
    assert.deepEqual({ code, err }, { code: 130, err: 'Interrupted.\n' });
  });

  for (const [what, words, message] of [
    [
      'an unknown option',
      ['diagnose', 'm.onnx', '--frobnicate'],
      /unknown option '--frobnicate'\. See gradient-doctor --help\.$/m,
    ],
    ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
    ['no model', ['diagnose'], /missing required argument 'model'/],
    ['an unknown loss', ['diagnose', 'm.onnx', '--loss', 'hinge'], /'hinge' is invalid.*cross-entropy/],
    ['a broken number', ['diagnose', 'm.onnx', '--steps', '1e2'], /--steps.*'1e2' is invalid.*whole number/],
    ['a negative learning rate', ['diagnose', 'm.onnx', '--lr', '-1'], /--lr/],
    ['an unknown remedy', ['diagnose', 'm.onnx', '--remedy', 'prayer'], /no "prayer".*Known: clip-grad-norm/],
    ['a remedy as schedule', ['diagnose', 'm.onnx', '--schedule', 'relu'], /no "relu".*exponential-lr/],
    [
      'a bad parameter',
      ['diagnose', 'm.onnx', '--remedy', 'clip-grad-norm:max_norm=-1'],
      /norm\.max_norm: Write a number above 0\./,
    ],
    [
      'an unknown parameter',
      ['diagnose', 'm.onnx', '--schedule', 'step-lr:size=3'],
      /step-lr\.size: Unknown field "size"\./,
    ],
    [
      'an option of another optimizer',
      ['diagnose', 'm.onnx', '--optimizer', 'adam', '--momentum', '0.9'],
      /--momentum is not an option of adam/,
    ],
    ["Nesterov's momentum without momentum", ['diagnose', 'm.onnx', '--nesterov'], /--nesterov needs a --momentum/],
    ['threads without number', ['diagnose', 'm.onnx', '--threads', '100000'], /--threads.* from 1 to 1024/],
    ['parameters without a name', ['diagnose', 'm.onnx', '--remedy', 'clip-grad-norm:3'], /"3" is not of the form/],
    ['no output file', ['gradients', 'm.onnx'], /--out/],
  ] as const)
    it(`end with 2 and one line for ${what}`, async () => {
      const { code, out, err } = await gradientDoctor(words);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, message);
      assert.equal(err.trimEnd().split('\n').length, 1, err);
    });

  it('are the help, line by line, where no command is named', async () => {
    const { code, out, err } = await gradientDoctor([]);
    assert.deepEqual({ code, out }, { code: 2, out: '' });
    assert.match(err, /^Usage: gradient-doctor .*\n[^]*\n {2}diagnose \[options\] <model> /);
  });

  it('are none when help or version is asked for', async () => {
    assert.match((await gradientDoctor(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
    const { code, out } = await gradientDoctor(['diagnose', '--help']);
    assert.equal(code, 0);
    assert.match(out, /--optimizer/);
  });
});
