import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunController, type Train } from '../../extension/panel/run-controller';
import { RunLibrary } from '../../extension/panel/run-library';
import { RunStore } from '../../extension/panel/run-store';
import { WorkQueue } from '../../extension/panel/work-queue';
import { RunError } from '../../extension/protocol/errors';
import { defaultExperiment } from '../../extension/protocol/experiment';
import { rowWidth } from '../../extension/protocol/run';
import { aHeader } from '../unit/panel/examples';

const experiment = (name: string) => ({ ...defaultExperiment('/m.onnx'), name, steps: 3 });
const header = aHeader();
const rows = (count: number) => new Float32Array(count * rowWidth(header.layout));

describe('runs in the extension host', () => {
  let folder: string;
  let log: vscode.LogOutputChannel;
  let library: RunLibrary;
  let queue: WorkQueue;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'library-'));
    log = vscode.window.createOutputChannel('test', { log: true });
    library = new RunLibrary(new RunStore(folder, { runs: 5, bytes: 1e6 }), () => [], log);
    queue = new WorkQueue();
  });
  afterEach(async () => {
    library.dispose();
    queue.dispose();
    log.dispose();
    await rm(folder, { recursive: true });
  });

  const train: Train = (_experiment, { header: began, steps }) => {
    began(header);
    steps({ firstStep: 0, count: 2, rows: rows(2) });
    steps({ firstStep: 2, count: 1, rows: rows(1) });
    return Promise.resolve({ kind: 'finished' });
  };

  it('keeps every step, although steps come faster than the disk', async () => {
    const run = await new RunController(queue, library, train, log).run(experiment('quick'));
    assert.equal(run?.steps, 3);
    assert.deepEqual(run.end, { kind: 'finished' });
    assert.equal((await library.read(run)).rows.length, 3 * rowWidth(header.layout));
    const again = new RunLibrary(new RunStore(folder, { runs: 5, bytes: 1e6 }), () => [], log);
    await again.load();
    assert.deepEqual(
      again.runs.map(({ name, steps }) => ({ name, steps })),
      [{ name: 'quick', steps: 3 }],
    );
    again.dispose();
  });

  it('queues a run that is started while another runs', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const order: string[] = [];
    const slow: Train = async (what, events, signal) => {
      order.push(`${what.name} begins`);
      if (what.name === 'first') await held;
      order.push(`${what.name} ends`);
      return train(what, events, signal);
    };
    const controller = new RunController(queue, library, slow, log);
    const first = controller.run(experiment('first'));
    const second = controller.run(experiment('second'));
    while (queue.waiting.length === 0) await new Promise((later) => setTimeout(later, 5));
    assert.deepEqual(queue.waiting, ['second']);
    release();
    await Promise.all([first, second]);
    assert.deepEqual(order, ['first begins', 'first ends', 'second begins', 'second ends']);
    assert.deepEqual(queue.waiting, []);
  });

  it('keeps what was measured before the trainer died', async () => {
    const dies: Train = (_experiment, { header: began, steps }) => {
      began(header);
      steps({ firstStep: 0, count: 2, rows: rows(2) });
      return Promise.reject(new RunError('The trainer was killed.'));
    };
    const run = await new RunController(queue, library, dies, log).run(experiment('dying'));
    assert.equal(run?.steps, 2);
    assert.deepEqual(run.end, { kind: 'failed', reason: 'The trainer was killed.' });
  });

  it('makes no run of a model that cannot be trained', async () => {
    const refuses: Train = () => Promise.reject(new Error('m.onnx is not an ONNX file.'));
    assert.equal(await new RunController(queue, library, refuses, log).run(experiment('refused')), undefined);
    assert.deepEqual(library.runs, []);
  });
});
