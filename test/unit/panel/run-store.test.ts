import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunStore } from '../../../extension/panel/run-store';
import { rowWidth, type RunEnd, type StepChunk } from '../../../extension/protocol/run';
import { aHeader } from './examples';

const header = aHeader();
const width = rowWidth(header.layout);
const cutOff: RunEnd = { kind: 'stopped', reason: 'reloaded' };
const steps = (firstStep: number, count: number): StepChunk => ({
  firstStep,
  count,
  rows: Float32Array.from({ length: count * width }, (_, index) => firstStep * width + index),
});

describe('RunStore', () => {
  let folder: string;
  let store: RunStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runs-'));
    store = new RunStore(folder, { runs: 3, bytes: 1e6 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const reopened = () => new RunStore(folder, { runs: 3, bytes: 1e6 });

  it('gives back what was stored', async () => {
    const run = await store.create('first', header);
    await store.append(run, steps(0, 2));
    await store.append(run, steps(2, 1));
    run.end = { kind: 'finished' };
    run.findings = [
      {
        symptom: 'vanishing-gradient',
        severity: 'error',
        layers: ['a'],
        value: 1e-12,
        threshold: 1e-3,
        reference: 'R',
        message: 'm',
      },
    ];
    await store.update(run);
    const [found] = await reopened().list(cutOff);
    assert.deepEqual(found, { ...run, steps: 3 });
    assert.deepEqual(await reopened().readRows(found), steps(0, 3).rows);
  });

  it('keeps numbers that are not finite', async () => {
    const run = await store.create('diverging', header);
    await store.append(run, { firstStep: 0, count: 1, rows: new Float32Array(width).fill(NaN) });
    run.findings = [
      {
        symptom: 'non-finite',
        severity: 'error',
        layers: [],
        value: Infinity,
        threshold: 0,
        reference: '',
        message: '',
      },
    ];
    await store.update(run);
    const [found] = await reopened().list(cutOff);
    assert.equal(found?.findings[0]?.value, Infinity);
    assert.ok((await store.readRows(found)).every(Number.isNaN));
  });

  it('ends a run that was cut off, at its last complete step', async () => {
    const run = await store.create('cut', header);
    await store.append(run, steps(0, 2));
    const rowsFile = join(
      folder,
      (await readdir(folder)).find((name) => name.endsWith('.rows'))!,
    );
    await truncate(rowsFile, width * 4 + 6);
    const [found] = await reopened().list(cutOff);
    assert.equal(found?.steps, 1);
    assert.deepEqual(found.end, cutOff);
    assert.deepEqual((await reopened().list({ kind: 'finished' }))[0]?.end, cutOff, 'the end is kept');
  });

  it('loses only the run whose file is damaged', async () => {
    const whole = await store.create('whole', header);
    const damaged = await store.create('damaged', header);
    await writeFile(join(folder, `${damaged.id}.json`), '{"version":1,');
    assert.deepEqual(
      (await reopened().list(cutOff)).map(({ id }) => id),
      [whole.id],
    );
  });

  it('lists the newest first, renames and removes', async () => {
    const older = await store.create('older', header);
    await new Promise((later) => setTimeout(later, 2));
    const newer = await store.create('newer', header);
    older.name = 'old and renamed';
    await store.update(older);
    assert.deepEqual(
      (await reopened().list(cutOff)).map(({ name }) => name),
      ['newer', 'old and renamed'],
    );
    await store.remove(newer.id);
    assert.deepEqual(
      (await reopened().list(cutOff)).map(({ id }) => id),
      [older.id],
    );
  });

  it('keeps no more runs than the limit', async () => {
    const runs = [];
    for (const name of ['1', '2', '3', '4', '5']) runs.unshift(await store.create(name, header));
    assert.deepEqual(
      await store.prune(runs),
      runs.slice(3).map(({ id }) => id),
    );
    assert.equal((await readdir(folder)).length, 3 * 2);
  });

  it('keeps no more bytes than the limit, but always the newest run', async () => {
    const small = new RunStore(folder, { runs: 3, bytes: width * 4 * 5 });
    const older = { ...(await small.create('older', header)), steps: 2 };
    const newest = { ...(await small.create('newest', header)), steps: 9 };
    assert.deepEqual(await small.prune([newest, older]), [older.id]);
  });
});
