/**
 * The engine against PyTorch: loss, gradients and trajectories of the networks of models.py, from both exporters.
 * `npm run parity:regenerate` writes the fixtures.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numbers } from '../../extension/onnx/tensor';
import {
  defaultExperiment,
  defaultOptimizer,
  type Experiment,
  type LossId,
  type Mode,
  type OptimizerSettings,
} from '../../extension/protocol/experiment';
import { rowWidth, stepColumn } from '../../extension/protocol/run';
import { Trainer } from '../../extension/trainer/host';
import { parseNpz } from '../../extension/training/data/npz';

/** Of a gradient, relative to its own norm and a thousandth of the norm of all gradients together. */
const gradientTolerance = 1e-4;
const lossTolerance = 1e-5;
const trajectoryTolerance = 1e-3;

interface Meta {
  loss: LossId;
  mode: Mode;
  trajectories: {
    name: string;
    optimizer: Partial<OptimizerSettings> & Pick<OptimizerSettings, 'id'>;
    losses: number[];
  }[];
}

/** Another one is checked by naming it: see docs/providers.md. */
const provider = process.env.GRADIENT_DOCTOR_PROVIDER ?? 'cpu';

const root = join(__dirname, '../../..');
const fixtures = join(root, 'test/fixtures/parity');

const readArrays = async (path: string): Promise<Map<string, number[]>> => {
  const arrays = parseNpz(new Uint8Array(await readFile(path)));
  return new Map([...arrays].map(([name, tensor]) => [name, numbers(tensor)]));
};

const norm = (values: readonly number[]): number => Math.hypot(...values);

const difference = (a: readonly number[], b: readonly number[]): number => norm(a.map((value, i) => value - b[i]!));

function assertClose(actual: number, expected: number, tolerance: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.max(Math.abs(expected), 1e-6);
  assert.ok(error <= tolerance, `${what} is ${actual}, PyTorch's ${expected}`);
}

describe('parity with PyTorch', () => {
  let folder: string;
  let trainer: Trainer;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-'));
    trainer = new Trainer({ path: join(root, 'dist/trainer.js') });
  });
  after(async () => {
    await trainer.dispose();
    await rm(folder, { recursive: true });
  });

  for (const name of readdirSync(fixtures).sort()) {
    const fixture = join(fixtures, name);
    if (!existsSync(join(fixture, 'meta.json'))) continue;
    const meta = JSON.parse(readFileSync(join(fixture, 'meta.json'), 'utf8')) as Meta;
    const experiment: Experiment = {
      ...defaultExperiment(join(fixture, 'model.onnx')),
      data: { kind: 'file', path: join(fixture, 'batch.npz') },
      loss: meta.loss,
      mode: meta.mode,
      provider,
    };

    it(`${name}: gradients`, async () => {
      const out = join(folder, 'gradients.npz');
      await trainer.gradients({ experiment, out });
      const [actual, expected] = [await readArrays(out), await readArrays(join(fixture, 'grads.npz'))];
      assertClose(actual.get('loss')![0]!, expected.get('loss')![0]!, lossTolerance, 'the loss');
      assert.deepEqual([...actual.keys()].sort(), [...expected.keys()].sort());
      expected.delete('loss');
      const all = norm([...expected.values()].map(norm));
      const wrong = [...expected].flatMap(([parameter, gradient]) => {
        const error = difference(actual.get(parameter)!, gradient);
        const bound = gradientTolerance * (norm(gradient) + 1e-3 * all);
        return error <= bound ? [] : [`${parameter}: off by ${error}, norm ${norm(gradient)}, allowed ${bound}`];
      });
      assert.deepEqual(wrong, []);
    });

    for (const { name: optimizer, optimizer: settings, losses } of meta.trajectories)
      it(`${name}: ${losses.length} steps of ${optimizer}`, async () => {
        const found: number[] = [];
        let width = 0;
        await trainer.train(
          { ...experiment, optimizer: { ...defaultOptimizer(settings.id), ...settings }, steps: losses.length },
          {
            header: ({ layout }) => (width = rowWidth(layout)),
            steps: ({ count, rows }) => {
              for (let i = 0; i < count; i++) found.push(rows[i * width + stepColumn('loss')]!);
            },
          },
        );
        assert.equal(found.length, losses.length);
        losses.forEach((loss, step) => {
          assertClose(found[step]!, loss, trajectoryTolerance, `the loss of step ${step}`);
        });
      });
  }
});
