import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PrescriptionController } from '../../extension/panel/prescription-controller';
import { RunController, type Train } from '../../extension/panel/run-controller';
import { RunLibrary } from '../../extension/panel/run-library';
import { RunStore } from '../../extension/panel/run-store';
import { SearchLibrary } from '../../extension/panel/search-library';
import { WorkQueue } from '../../extension/panel/work-queue';
import { RunError } from '../../extension/protocol/errors';
import { defaultExperiment, type Experiment } from '../../extension/protocol/experiment';
import type { Finding } from '../../extension/protocol/finding';
import type { Search } from '../../extension/protocol/prescription';
import { rowWidth, stepColumn, type Run } from '../../extension/protocol/run';
import * as search from '../../extension/remedies/prescribe';
import { aHeader } from '../unit/panel/examples';

const vanishing: Finding = {
  symptom: 'vanishing-gradient',
  severity: 'error',
  layers: ['body.0'],
  value: 1e-9,
  threshold: 1e-3,
  reference: 'test',
  message: 'Gradients vanish.',
};
const experiment = (): Experiment => ({ ...defaultExperiment('/models/small.onnx'), name: 'patient', steps: 3 });
const isTreatedBy = (run: Run, id: string): boolean => run.header.settings.remedies.some((use) => use.id === id);
const outcomes = ({ trials }: Search): Record<string, string> =>
  Object.fromEntries(trials.map(({ remedies, outcome }) => [remedies[0]!.id, outcome]));

describe('prescriptions in the extension host', () => {
  let folder: string;
  let log: vscode.LogOutputChannel;
  let trained: Experiment[];
  let store: RunStore;
  let library: RunLibrary;
  let searches: SearchLibrary;
  let queue: WorkQueue;

  const open = () => {
    store = new RunStore(folder, { runs: 5, bytes: 1e6 });
    const diagnose = (run: Run) => (isTreatedBy(run, 'residual') ? [] : [vanishing]);
    library = new RunLibrary(store, diagnose, log);
    searches = new SearchLibrary(store, log);
    queue = new WorkQueue();
    return diagnose;
  };
  const close = () => {
    for (const part of [library, searches, queue]) part.dispose();
  };
  /** A patient that `residual` heals. */
  const heal: Train = (what, { header, steps }) => {
    trained.push(what);
    const began = { ...aHeader(), settings: { ...aHeader().settings, ...what } };
    const rows = new Float32Array(3 * rowWidth(began.layout));
    for (let step = 0; step < 3; step++)
      rows[step * rowWidth(began.layout) + stepColumn('loss')] = what.remedies.some(({ id }) => id === 'residual')
        ? 2 - step / 2
        : 2;
    header(began);
    steps({ firstStep: 0, count: 3, rows });
    return Promise.resolve({ kind: 'finished' });
  };
  const controllerOf = (train: Train) => {
    const diagnose = open();
    const runs = new RunController(queue, library, train, log);
    return {
      runs,
      prescriptions: new PrescriptionController({
        queue,
        runs,
        library,
        searches,
        train,
        diagnose,
        load: () => search,
        log,
      }),
    };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'prescriptions-'));
    log = vscode.window.createOutputChannel('test', { log: true });
    trained = [];
  });
  afterEach(async () => {
    close();
    await store.settled();
    log.dispose();
    await rm(folder, { recursive: true });
  });

  it('keeps what was tried with the run, also after a reload', async () => {
    const { prescriptions } = controllerOf(heal);
    const prescribed = await prescriptions.prescribeModel(experiment(), 60);
    assert.equal(prescribed?.result.prescriptions[0]?.remedies[0]?.id, 'residual');
    const kept = await searches.of(prescribed.run);
    assert.equal(outcomes(kept!)['residual'], 'healthy');
    assert.equal(outcomes(kept!)['relu'], 'no-effect');
    await store.settled();
    close();
    open();
    await library.load();
    assert.deepEqual(await searches.of(library.runs[0]!), kept);
  });

  it('tries remedies on a run that was diagnosed before, and adds no other run', async () => {
    const { runs, prescriptions } = controllerOf(heal);
    const run = await runs.run(experiment());
    assert.equal(await searches.of(run!), undefined);
    await prescriptions.prescribeRun(run!, 60);
    assert.deepEqual(library.runs, [run]);
    assert.equal(outcomes((await searches.of(run!))!)['residual'], 'healthy');
  });

  it('refuses a run whose model has changed since', async () => {
    const { runs, prescriptions } = controllerOf((what, events, signal) =>
      heal(
        what,
        {
          ...events,
          header: (header) => {
            events.header({ ...header, modelHash: trained.length > 1 ? 'cd'.repeat(32) : header.modelHash });
          },
        },
        signal,
      ),
    );
    const run = await runs.run(experiment());
    assert.equal(await prescriptions.prescribeRun(run!, 60), undefined);
    assert.equal(await searches.of(run!), undefined);
  });

  it('loses one trial to a trainer that dies', async () => {
    const { prescriptions } = controllerOf((what, events, signal) =>
      what.remedies.some(({ id }) => id === 'relu')
        ? Promise.reject(new RunError('The trainer was killed.'))
        : heal(what, events, signal),
    );
    const prescribed = await prescriptions.prescribeModel(experiment(), 60);
    const search = await searches.of(prescribed!.run);
    assert.equal(outcomes(search!)['relu'], 'failed');
    assert.equal(outcomes(search!)['residual'], 'healthy');
    assert.equal(search!.trials.find(({ remedies }) => remedies[0]!.id === 'relu')!.why, 'The trainer was killed.');
  });

  it('keeps what was measured before it was stopped', async () => {
    const { prescriptions } = controllerOf((what, events, signal) => {
      if (trained.length === 4) queue.stop();
      return heal(what, events, signal);
    });
    const prescribed = await prescriptions.prescribeModel(experiment(), 60);
    assert.equal(prescribed?.end.kind, 'stopped');
    const search = await searches.of(prescribed.run);
    assert.equal(search!.end?.kind, 'stopped');
    assert.equal(search!.trials.filter(({ effect }) => effect).length, 3);
    assert.equal(queue.progress, undefined);
  });

  it('finds nothing to try on a healthy model', async () => {
    const { prescriptions } = controllerOf(heal);
    const healthy = { ...experiment(), remedies: [{ id: 'residual', parameters: { projection: false } }] };
    const prescribed = await prescriptions.prescribeModel(healthy, 60);
    assert.deepEqual(prescribed?.result.trials, []);
    assert.equal(await searches.of(prescribed.run), undefined);
  });
});
