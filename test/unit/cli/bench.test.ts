import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gradientDoctor } from './harness';

/** The shipped bundle: its models lie beside it. */
const run = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [resolve('dist/cli.js'), 'bench', ...args])).stdout;

const bench = (...args: string[]): Promise<string> => run('--no-pytorch', ...args);

const quick = ['--models', 'mlp', '--rounds', '1', '--seconds', '0.01', '--threads', '1'];

describe('gradient-doctor bench', () => {
  it('times the step of a model, with telemetry and without, and its forward pass', async () => {
    const printed = await bench(...quick, '--json');
    const { models } = JSON.parse(printed) as {
      models: Record<string, { timeMilliseconds: number; peakBytes: number }>[];
    };
    assert.equal(models.length, 1);
    for (const work of ['watched', 'unwatched', 'forward']) {
      assert.ok(models[0]![work]!.timeMilliseconds > 0, work);
      assert.ok(models[0]![work]!.peakBytes > 2 ** 20, work);
    }
  });

  it('goes on without a contender that fails, and says which', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'));
    try {
      const python = join(folder, 'python');
      await writeFile(
        python,
        '#!/bin/sh\n[ "$1" = -c ] && echo 2.0 && exit\necho "MemoryError: none left" >&2\nexit 1\n',
        {
          mode: 0o755,
        },
      );
      const printed = await run(...quick, '--python', python, '--markdown');
      assert.match(printed, /^\| mlp \| \d/m);
      assert.match(printed, /^mlp, norms: PyTorch failed on mlp: MemoryError: none left$/m);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('refuses an execution provider that is not usable, before anything is timed', async () => {
    const providers = () => Promise.resolve([{ id: 'cuda', usable: false, why: 'There is no library.' }]);
    const { code, err } = await gradientDoctor(['bench', '--ep', 'cuda'], { providers });
    assert.deepEqual(
      { code, err },
      { code: 3, err: 'The execution provider "cuda" is not usable here: There is no library.\n' },
    );
    assert.equal((await gradientDoctor(['bench', '--ep', 'cude'], { providers })).code, 2);
  });

  it('names its models where one is asked for that it has not', async () => {
    await assert.rejects(bench('--models', 'alexnet'), {
      code: 2,
      stderr: /^The benchmark has no model "alexnet": choose from gpt, gru, lstm, mlp, .*\n$/,
    });
  });
});
