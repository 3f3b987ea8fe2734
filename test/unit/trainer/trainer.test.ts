import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { numbers, tensor, type Tensor } from '../../../extension/onnx/tensor';
import { RunError } from '../../../extension/protocol/errors';
import { defaultExperiment, defaultOptimizer, type Experiment } from '../../../extension/protocol/experiment';
import { rowWidth, stepColumn, type RunHeader, type StepChunk } from '../../../extension/protocol/run';
import { Trainer, type TrainOptions } from '../../../extension/trainer/host';
import { formatNpz, parseNpz } from '../../../extension/training/data/npz';
import { Random } from '../../../extension/training/random';

const path = join('dist', 'trainer.js');

/** Linear(4, 8), ReLU, Dropout, Linear(8, 3), with the batch size left open unless stated. */
function model(batch?: number): Uint8Array {
  const random = new Random(0, 'weights');
  const g = new GraphBuilder(emptyGraph('network'));
  const weight = (name: string, shape: number[]) =>
    g.initializer(
      name,
      tensor(
        'float32',
        shape,
        Array.from({ length: shape.reduce((a, b) => a * b) }, () => 0.3 * random.normal()),
      ),
    );
  const x = g.input('x', 'float32', [batch ?? 2, 4]);
  const hidden = g.unary(
    'Relu',
    g.gemm(x, weight('hidden.weight', [8, 4]), { transB: true, c: weight('hidden.bias', [8]) }),
  );
  const dropped = g.op('Dropout', [hidden, g.scalar(0.2), g.constant('bool', [], [0])], {}, hidden);
  g.output(g.gemm(dropped, weight('head.weight', [3, 8]), { transB: true, c: weight('head.bias', [3]) }));
  weight('unused.weight', [2, 2]);
  g.graph.marks.set('unused.weight', 'parameter');
  if (batch === undefined)
    for (const port of [...g.graph.inputs, ...g.graph.outputs]) port.shape = ['batch', port.shape![1]!];
  return exportGraph(g.graph);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('Trainer', () => {
  let folder: string;
  let trainer: Trainer;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainer-'));
    await writeFile(join(folder, 'model.onnx'), model());
    await writeFile(join(folder, 'fixed.onnx'), model(8));
    const random = new Random(0, 'data');
    const rows = 40;
    const data = {
      x: tensor(
        'float64',
        [rows, 4],
        Array.from({ length: rows * 4 }, () => random.normal()),
      ),
      target: tensor(
        'int32',
        [rows],
        Array.from({ length: rows }, () => random.integer(3)),
      ),
    };
    await writeFile(join(folder, 'data.npz'), formatNpz(new Map(Object.entries(data))));
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(() => {
    trainer = new Trainer({ path });
  });
  afterEach(() => trainer.dispose());

  const experiment = (changes: Partial<Experiment> = {}, file = 'model.onnx'): Experiment => ({
    ...defaultExperiment(join(folder, file)),
    threads: 1,
    steps: 20,
    ...changes,
  });
  const fromFile = () => ({ kind: 'file', path: join(folder, 'data.npz') }) as const;

  /** Trains, and gathers what arrives. */
  async function run(settings: Experiment, options: TrainOptions = {}) {
    let header: RunHeader | undefined;
    const chunks: StepChunk[] = [];
    const end = await trainer.train(settings, {
      ...options,
      header: (arrived) => {
        header = arrived;
      },
      steps: (chunk) => {
        chunks.push(chunk);
        options.steps?.(chunk);
      },
    });
    const rows = chunks.flatMap(({ rows: values, count }) =>
      Array.from({ length: count }, (_, i) => [
        ...values.slice((i * values.length) / count, ((i + 1) * values.length) / count),
      ]),
    );
    return { end, header, chunks, rows };
  }

  it('trains on made-up data, which a network can learn', async () => {
    const { end, header, rows, chunks } = await run(experiment({ steps: 100 }));
    assert.deepEqual(end, { kind: 'finished' });
    assert.equal(rows.length, 100);
    assert.equal(chunks[0]!.firstStep, 0);
    assert.equal(rows[0]!.length, rowWidth(header!.layout));
    assert.equal(header!.settings.loss, 'cross-entropy');
    assert.equal(header!.settings.batch, 64);
    assert.match(header!.modelHash, /^[0-9a-f]{64}$/);
    const losses = rows.map((row) => row[stepColumn('loss')]!);
    assert.ok(losses.at(-1)! < 0.6 * losses[0]!, `loss from ${losses[0]!} to ${losses.at(-1)!}`);
  });

  it('gives the same rows for the same seed, and others for another', async () => {
    const settings = experiment({ data: fromFile(), batch: 16, mode: 'train', steps: 60 });
    const [first, again, other] = [await run(settings), await run(settings), await run({ ...settings, seed: 1 })];
    assert.deepEqual(again.rows, first.rows);
    assert.notDeepEqual(other.rows, first.rows);
  });

  it('names the operator that makes the first number that is not finite', async () => {
    const diverging = experiment({ data: fromFile(), batch: 16, optimizer: { ...defaultOptimizer('sgd'), lr: 1e25 } });
    const { end, rows } = await run(diverging);
    const { nonFinite } = end;
    assert.equal(
      nonFinite?.step,
      rows.findIndex((row) => !Number.isFinite(row[stepColumn('loss')]!)),
    );
    assert.match(nonFinite.phase, /^(forward|loss|backward)$/);
    assert.ok(nonFinite.op && nonFinite.node);
    // Looking for it changes nothing of what follows.
    assert.equal(rows.length, 20);
  });

  it('blames the data, not the run, for an index outside the table that it looks up', async () => {
    const g = new GraphBuilder(emptyGraph('lookup'));
    const table = g.initializer('embedding.weight', tensor('float32', [5, 3], Array<number>(15).fill(0.5)));
    g.output(g.op('Gather', [table, g.input('token', 'int64', [4])], { axis: 0 }, { dtype: 'float32', shape: [4, 3] }));
    await writeFile(join(folder, 'lookup.onnx'), exportGraph(g.graph));
    const token = tensor('int64', [4], [0, 1, 2, 99]);
    const data = { kind: 'file', path: join(folder, 'tokens.npz') } as const;
    await writeFile(
      data.path,
      formatNpz(
        new Map([
          ['token', token],
          ['target', tensor('float32', [4, 3], Array<number>(12).fill(0))],
        ]),
      ),
    );
    const settings = experiment({ data, loss: 'mse' }, 'lookup.onnx');
    const message = /lookup\.onnx: the model cannot be computed on this data: Gather .* idx=99/;
    await assert.rejects(run(settings), { name: 'InputError', message });
    await assert.rejects(trainer.gradients({ experiment: settings, out: join(folder, 'lookup.npz') }), {
      name: 'InputError',
      message,
    });
  });

  it('takes the batch size that the model fixes, and no other', async () => {
    const { header } = await run(experiment({ steps: 1 }, 'fixed.onnx'));
    assert.equal(header!.settings.batch, 8);
    await assert.rejects(run(experiment({ batch: 16 }, 'fixed.onnx')), {
      name: 'InputError',
      message: /batch of 16 does not fit the model: its input "x" has the fixed batch size 8/,
    });
  });

  it('trains what the experiment names and leaves the rest', async () => {
    const { header } = await run(experiment({ steps: 1, frozen: ['hidden.weight', 'hidden.bias'] }));
    const trained = header!.layout.parameters.flatMap(({ name, trainable }) => (trainable ? [name] : []));
    assert.ok(trained.includes('head.weight') && !trained.includes('hidden.weight'));
    await assert.rejects(run(experiment({ frozen: ['nothing'] })), /no parameter or layer "nothing"/);
  });

  it('says what is wrong with the data', async () => {
    await assert.rejects(run(experiment({ data: { kind: 'file', path: 'no\nwhere.npz' } })), {
      name: 'InputError',
      message: 'no where.npz: cannot be read: there is no such file.',
    });
    const arrays = parseNpz(await readFile(join(folder, 'data.npz')));
    const x = arrays.get('x')!;
    const holey = tensor('float32', x.shape, numbers(x).with(6, NaN));
    const wrong: [Record<string, Tensor>, RegExp][] = [
      [
        { target: tensor('int64', [40], Array(40).fill(3)) },
        /wrong\.npz: the target holds class 3; the model has the classes 0 to 2/,
      ],
      [{ x: tensor('float32', [40, 2], Array(80).fill(1)) }, /wrong\.npz: the array "x" has shape \[40, 2\]/],
      [{ x: holey }, /wrong\.npz: the array "x" holds NaN, first at \[1, 2\]\./],
      [{ x: tensor('float32', [0, 4], []), target: tensor('int64', [0], []) }, /wrong\.npz: its arrays have no rows\./],
    ];
    for (const [changed, message] of wrong) {
      await writeFile(join(folder, 'wrong.npz'), formatNpz(new Map([...arrays, ...Object.entries(changed)])));
      const settings = experiment({ data: { kind: 'file', path: join(folder, 'wrong.npz') } });
      await assert.rejects(run(settings), { name: 'InputError', message });
    }
  });

  it('says what is wrong with the model', async () => {
    const network = (op: string, weight: number[]) => {
      const g = new GraphBuilder(emptyGraph('wrong'));
      const w = g.initializer('head.weight', tensor('float32', [2, 2], weight));
      g.output(g.op(op, [g.input('x', 'float32', [3, 2]), w], {}, { dtype: 'float32', shape: [3, 2] }));
      return exportGraph(g.graph);
    };
    const wrong: [Uint8Array, RegExp][] = [
      [network('MatMul', [1, 2, NaN, 4]), /wrong\.onnx: the weight "head\.weight" holds NaN before any training\./],
      [
        network('Frobnicate', [1, 2, 3, 4]),
        /wrong\.onnx: ONNX Runtime refuses the model: it has no operator Frobnicate, of node ".*"\. Replace/,
      ],
      [Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n'), /git lfs pull/],
    ];
    for (const [bytes, message] of wrong) {
      await writeFile(join(folder, 'wrong.onnx'), bytes);
      await assert.rejects(run(experiment({ loss: 'mse' }, 'wrong.onnx')), { name: 'InputError', message });
    }
  });

  it('writes gradients, zeros for what the loss does not reach', async () => {
    const out = join(folder, 'gradients.npz');
    const result = await trainer.gradients({ experiment: experiment({ data: fromFile() }), out });
    const arrays = parseNpz(await readFile(out));
    assert.equal(numbers(arrays.get('loss')!)[0], result.loss);
    assert.deepEqual(arrays.get('hidden.weight')!.shape, [8, 4]);
    assert.ok(numbers(arrays.get('hidden.weight')!).some((value) => value !== 0));
    await trainer.gradients({ experiment: experiment({ data: fromFile() }), out, wrt: ['x'] });
    const withRespectToInput = parseNpz(await readFile(out));
    assert.deepEqual([...withRespectToInput.keys()], ['loss', 'x']);
    assert.deepEqual(withRespectToInput.get('x')!.shape, [40, 4]);
  });

  it('measures the loss of rows held out at the end of every epoch', async () => {
    const data = { ...fromFile(), validation: 0.2 };
    const { rows } = await run(experiment({ data, batch: 8, steps: 10 }));
    const measured = rows.flatMap((row, step) => (Number.isNaN(row[stepColumn('validationLoss')]!) ? [] : [step]));
    assert.deepEqual(measured, [3, 7, 9]);
  });

  it('follows a schedule, of which the plateau one hears the losses', async () => {
    const rates = async (schedule: Experiment['schedule']) =>
      (await run(experiment({ steps: 30, schedule }))).rows.map((row) => row[stepColumn('learningRate')]!);
    const stepped = await rates({ id: 'step-lr', parameters: { step_size: 10, gamma: 0.5, unit: 'step' } });
    assert.deepEqual([stepped[9], stepped[10], stepped[29]], [0.1, 0.05, 0.025].map(Math.fround));
    const plateau = { factor: 0.5, patience: 0, unit: 'step' };
    const reduced = await rates({ id: 'reduce-lr-on-plateau', parameters: plateau });
    assert.ok(reduced.at(-1)! < 0.1 && reduced[0] === Math.fround(0.1));
    await assert.rejects(rates({ id: 'relu', parameters: {} }), /"relu" is no schedule of learning rates/);
    await assert.rejects(rates({ id: 'step-lr', parameters: { size: 3 } }), {
      name: 'InputError',
      message: /step-lr: /,
    });
  });

  it('stops within a second when it is cancelled, and takes the next request', async () => {
    const controller = new AbortController();
    const { end, rows } = await run(experiment({ steps: 1_000_000_000 }), {
      signal: controller.signal,
      steps: () => {
        controller.abort();
      },
    });
    assert.deepEqual(end, { kind: 'stopped', reason: 'cancelled' });
    assert.ok(rows.length > 0);
    assert.deepEqual((await run(experiment({ steps: 1 }))).end, { kind: 'finished' });
  });

  it('reports a killed process in one line, and starts a new one for the next request', async () => {
    let pid: number | undefined;
    await assert.rejects(
      run(experiment({ steps: 1_000_000_000 }), {
        steps: () => {
          pid ??= trainer.pid;
          if (pid !== undefined) process.kill(pid, 'SIGKILL');
        },
      }),
      (error) => {
        assert.ok(error instanceof RunError);
        assert.match(error.message, /^The trainer was killed \(SIGKILL\)[^\n]*$/);
        return true;
      },
    );
    assert.deepEqual((await run(experiment({ steps: 1 }))).end, { kind: 'finished' });
  });

  it('leaves no process behind when its host is killed', async () => {
    const script = `
      const { Trainer } = require('./out/extension/trainer/host.js');
      const trainer = new Trainer({ path: ${JSON.stringify(path)} });
      trainer.train(JSON.parse(process.argv[1]), { steps: () => console.log(trainer.pid) });`;
    const host = spawn(process.execPath, ['-e', script, JSON.stringify(experiment({ steps: 1_000_000_000 }))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = (await once(host.stdout, 'data')) as [Buffer];
    const pid = parseInt(output.toString(), 10);
    assert.ok(isRunning(pid));
    host.kill('SIGKILL');
    for (let waited = 0; isRunning(pid) && waited < 100; waited++) await setTimeout(50);
    assert.ok(!isRunning(pid));
  });

  it('lists providers honestly: the CPU works, what does not says why', async () => {
    const providers = await trainer.providers();
    assert.ok(providers.find(({ id }) => id === 'cpu')?.usable);
    for (const { usable, why } of providers) assert.ok(usable || why);
    const unusable = providers.find(({ usable }) => !usable);
    if (unusable)
      await assert.rejects(run(experiment({ provider: unusable.id })), {
        name: 'RunError',
        message: /not usable here/,
      });
    await assert.rejects(run(experiment({ provider: 'tpu' })), {
      name: 'InputError',
      message: /no execution provider "tpu"/,
    });
  });
});
