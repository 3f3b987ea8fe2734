import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lintFiles } from '../../../extension/source/lint-files';

describe('linting files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-lint-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function file(name: string, content: string | Buffer): Promise<string> {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  it('refuses a notebook that cannot be read, and passes over one that lies in a folder with others', async () => {
    const broken = await file('broken.ipynb', '{ "cells": [');
    await file('fine.py', 'import torch\n');
    await assert.rejects(lintFiles([broken]), { name: 'InputError', message: /broken\.ipynb: not a notebook/ });
    const { files, notes } = await lintFiles([folder]);
    assert.equal(files, 2);
    assert.deepEqual(notes, [`${broken}: not a notebook that can be read: repair its JSON.`]);
  });

  it('leaves a file alone whose encoding it would destroy', async () => {
    const script = [
      '# -*- coding: latin-1 -*-',
      'import torch',
      'from torch import nn',
      'name = "\xe9"',
      'model = nn.Linear(4, 2)',
      'optimizer = torch.optim.SGD(model.parameters(), lr=0.1)',
      'for x, y in [(torch.zeros(3, 4), torch.zeros(3, 2))]:',
      '    optimizer.zero_grad()',
      '    nn.functional.mse_loss(model(x), y).backward()',
      '    optimizer.step()',
      '    nn.utils.clip_grad_norm_(model.parameters(), 1.0)',
      '',
    ].join('\n');
    const latin = await file('latin.py', Buffer.from(script, 'latin1'));
    const { records, fixed, notes } = await lintFiles([latin], { fix: true });
    assert.deepEqual(
      records.map(({ rule }) => rule),
      ['GD101'],
    );
    assert.equal(fixed, 0);
    assert.deepEqual(notes, [`${latin}: not fixed, because it is not UTF-8: store it as UTF-8 first.`]);
    assert.equal(await readFile(latin, 'latin1'), script);
    await writeFile(latin, script);
    assert.equal((await lintFiles([latin], { fix: true })).fixed, 1);
  });
});
