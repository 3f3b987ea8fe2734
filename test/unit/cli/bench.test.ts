import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

/** The shipped bundle: its models lie beside it. */
const bench = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [resolve('dist/cli.js'), 'bench', '--no-pytorch', ...args])).stdout;

describe('gradient-doctor bench', () => {
  it('times the step of a model, with telemetry and without, and its forward pass', async () => {
    const printed = await bench('--models', 'mlp', '--rounds', '1', '--seconds', '0.01', '--threads', '1', '--json');
    const { models } = JSON.parse(printed) as {
      models: Record<string, { timeMilliseconds: number; peakBytes: number }>[];
    };
    assert.equal(models.length, 1);
    for (const work of ['watched', 'unwatched', 'forward']) {
      assert.ok(models[0]![work]!.timeMilliseconds > 0, work);
      assert.ok(models[0]![work]!.peakBytes > 2 ** 20, work);
    }
  });

  it('names its models where one is asked for that it has not', async () => {
    await assert.rejects(bench('--models', 'alexnet'), {
      code: 2,
      stderr: /^The benchmark has no model "alexnet": choose from gpt, gru, lstm, mlp, .*\n$/,
    });
  });
});
