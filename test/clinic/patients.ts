/** The patients that draw.py draws, and where they are kept: outside the tree, one folder a seed. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { defaultExperiment, defaultOptimizer, type Experiment, type LossId } from '../../extension/protocol/experiment';
import type { Cause } from './causes';

/** An experiment as draw.py writes it. */
interface DrawnExperiment {
  model: string;
  data: string;
  loss: LossId;
  steps: number;
  batch: number;
  optimizer: 'sgd' | 'adam';
  lr: number;
  momentum?: number;
  /** Limit on the norm of the gradient. */
  clip: number | null;
}

export interface Patient {
  name: string;
  family: string;
  /** The fault that it was given; undefined for the healthy. */
  cause?: Cause;
  /** Of the healthy: whether it learns in PyTorch in whatever order its batches come. */
  steady?: boolean;
  experiment: Experiment;
  /** The same network, repaired by hand. */
  twin?: Experiment;
}

const sources = ['draw.py', 'models.py', 'data.py'].map((file) => join('test/clinic', file));

/** Draws the patients of a seed, or finds those drawn before by the same script. */
export function patientsOf(seed: number): Patient[] {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gradient-doctor', 'clinic');
  const version = createHash('sha256');
  for (const file of sources) version.update(readFileSync(file));
  const folder = join(cache, `${version.digest('hex').slice(0, 12)}-${seed}`);
  if (!existsSync(join(folder, 'patients.json'))) {
    console.error(`Drawing the patients of seed ${seed} with PyTorch …`);
    const { status } = spawnSync(process.execPath, ['scripts/python.mjs', sources[0]!, String(seed), folder], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error('The patients could not be drawn.');
  }
  return readPatients(folder);
}

export function readPatients(folder: string): Patient[] {
  interface Drawn {
    name: string;
    family: string;
    cause: Cause | null;
    /** Absent in older draws. */
    steady?: boolean | null;
    experiment: DrawnExperiment;
    twin: DrawnExperiment | null;
  }
  const drawn = JSON.parse(readFileSync(join(folder, 'patients.json'), 'utf8')) as Drawn[];
  return drawn.map(({ name, family, cause, steady, experiment, twin }) => ({
    name,
    family,
    ...(cause && { cause }),
    ...(typeof steady === 'boolean' && { steady }),
    experiment: experimentIn(folder, experiment),
    ...(twin && { twin: experimentIn(folder, twin) }),
  }));
}

const experimentIn = (
  folder: string,
  { model, data, loss, steps, batch, optimizer, lr, momentum, clip }: DrawnExperiment,
): Experiment => ({
  ...defaultExperiment(join(folder, model)),
  data: { kind: 'file', path: join(folder, data) },
  loss,
  steps,
  batch,
  optimizer: { ...defaultOptimizer(optimizer), lr, momentum: momentum ?? 0 },
  remedies: clip === null ? [] : [{ id: 'clip-grad-norm', parameters: { max_norm: clip } }],
  threads: 1,
});
