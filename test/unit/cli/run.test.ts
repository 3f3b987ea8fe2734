import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serializeNotebook, type Notebook } from '../../../extension/notebook/gradnb';
import { InputError, RunError } from '../../../extension/protocol/errors';
import { makeRun } from '../diagnosis/run-factory';
import { gradientDoctor } from './harness';

const good = makeRun({ depth: 2, steps: 30 });
const sick = makeRun({ depth: 2, steps: 30, step: () => ({ loss: NaN }) });
const cell = (text: string) => ({ kind: 'experiment' as const, source: text.split('\n') });

describe('gradient-doctor run', () => {
  let folder: string;
  let path: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'run-'));
  });
  beforeEach(() => {
    path = join(folder, 'lab.gradnb');
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const write = (...cells: Notebook['cells']) => {
    writeFileSync(path, serializeNotebook({ version: 1, x_mine: 7, cells }));
  };
  const read = (from = path) => JSON.parse(readFileSync(from, 'utf8')) as Notebook;

  it('writes the outputs into the notebook and loses nothing else', async () => {
    write({ kind: 'markdown', source: ['# Why'], x_note: 'kept' }, cell('name: a\nmodel: a.onnx'));
    const { code, out, trained, disposed } = await gradientDoctor(['run', path], { run: good });
    assert.equal(code, 0);
    assert.ok(disposed);
    assert.match(out, /── cell 2\na: healthy/);
    assert.equal(trained[0]!.model, join(folder, 'a.onnx'));
    const { cells, ...fields } = read();
    assert.equal(fields['x_mine'], 7);
    assert.equal(cells[0]!['x_note'], 'kept');
    assert.deepEqual(
      cells[1]!.outputs!.map(({ mime }) => mime),
      ['application/vnd.gradient-doctor.run+json', 'text/html', 'text/plain'],
    );
  });

  it('ends with 1 where there are findings, and writes elsewhere with --out', async () => {
    write(cell('model: a.onnx'));
    const before = readFileSync(path, 'utf8');
    const other = join(folder, 'out.gradnb');
    const { code, out } = await gradientDoctor(['run', path, '--out', other, '--json'], { run: sick });
    assert.equal(code, 1);
    assert.equal(readFileSync(path, 'utf8'), before);
    assert.equal(read(other).cells[0]!.outputs!.length, 3);
    const { cells } = JSON.parse(out) as { cells: { status: string; findings: { symptom: string }[] }[] };
    assert.equal(cells[0]!.status, 'done');
    assert.equal(cells[0]!.findings[0]!.symptom, 'non-finite');
  });

  it('runs one cell alone, counted from 1', async () => {
    write({ kind: 'markdown', source: ['text'] }, cell('model: a.onnx\nseed: 1'), cell('model: a.onnx\nseed: 2'));
    const { trained } = await gradientDoctor(['run', path, '--cell', '3'], { run: good });
    assert.deepEqual(
      trained.map(({ seed }) => seed),
      [2],
    );
    for (const number of ['1', '9']) {
      const { code, err } = await gradientDoctor(['run', path, '--cell', number], { run: good });
      assert.equal(code, 2);
      assert.match(err, /Cells to run: 2, 3\.\n$/);
    }
  });

  it('stops at a cell that fails: 2 for bad input, 3 for a run that died', async () => {
    for (const [error, expected] of [
      [new InputError('a.onnx: there is no such file.'), 2],
      [new RunError('The trainer was killed.'), 3],
    ] as const) {
      write(cell('model: a.onnx'), cell('model: b.onnx'));
      const train = () => Promise.reject(error);
      const { code, err } = await gradientDoctor(['run', path], { train });
      assert.equal(code, expected);
      assert.equal(err, `${path}: cell 1: ${error.message}\n`);
      const [failed, next] = read().cells;
      assert.equal(failed!.outputs![0]!.mime, 'application/vnd.code.notebook.error');
      assert.equal(next!.outputs, undefined);
    }
  });

  it('refuses a damaged notebook and leaves its bytes', async () => {
    writeFileSync(path, '{ "version": 1, "cells": [');
    const { code, err } = await gradientDoctor(['run', path]);
    assert.equal(code, 2);
    assert.match(err, /lab\.gradnb: line 1, column \d+/);
    assert.equal(readFileSync(path, 'utf8'), '{ "version": 1, "cells": [');
    assert.match((await gradientDoctor(['run', join(folder, 'none.gradnb')])).err, /none\.gradnb: cannot be read/);
  });
});
