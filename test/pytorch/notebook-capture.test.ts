/** A notebook cell that names a training script in place of a model, executed. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { english } from '../../extension/protocol/text';
import { runCell } from '../../extension/notebook/engine/run-cell';
import { Trainer } from '../../extension/trainer/host';
import { python } from './python';

const root = join(__dirname, '../../..');

describe('a cell that captures', function () {
  this.timeout(120_000);
  let folder: string;
  let trainer: Trainer;
  const environment = process.env['VIRTUAL_ENV'];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'notebook-capture-'));
    trainer = new Trainer({ path: join(root, 'dist/trainer.js') });
    // Cells run under the environment that is active.
    if (isAbsolute(python)) process.env['VIRTUAL_ENV'] = dirname(dirname(python));
  });
  after(async () => {
    if (environment === undefined) delete process.env['VIRTUAL_ENV'];
    else process.env['VIRTUAL_ENV'] = environment;
    await trainer.dispose();
    await rm(folder, { recursive: true });
  });

  it('trains the model of the script with its settings, and names nothing of this machine', async () => {
    await copyFile(join(root, 'test/fixtures/scripts/plain.py'), join(folder, 'plain.py'));
    const { output, error } = await runCell('capture: { script: plain.py }\nsteps: 5', {
      folder,
      cells: [],
      trainer,
      provider: 'cpu',
      version: '1.2.3',
      t: english,
      shim: join(root, 'dist/gradient_doctor_capture'),
      signal: new AbortController().signal,
    });
    assert.equal(error, undefined);
    assert.ok(output?.kind === 'run');
    assert.deepEqual([output.name, output.settings.loss, output.steps], ['plain', 'mse', 5]);
    assert.equal(output.settings.capture?.script, 'plain.py');
    assert.ok(!JSON.stringify(output).includes(folder));
  });
});
