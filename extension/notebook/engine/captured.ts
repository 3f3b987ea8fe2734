/** The experiment of a cell that names a training script in place of a model. */
import { createHash } from 'node:crypto';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { captureScript } from '../../capture/capture-script';
import type { Capture } from '../../capture/captured-experiment';
import { findPython } from '../../capture/interpreter';
import { InputError } from '../../protocol/errors';
import type { Experiment } from '../../protocol/experiment';
import { experimentOf } from '../cell-experiment';
import type { ExperimentCell } from '../cell-schema';
import type { Laboratory } from './laboratory';

const timeoutSeconds = 300;

/** A script runs once per run of a cell, however many experiments come of it. */
const captures = new WeakMap<Laboratory, Map<string, Promise<Capture['experiment']>>>();

/** What the script says, with what the cell says in its place. */
export async function capturedExperiment(cell: ExperimentCell, lab: Laboratory): Promise<Experiment> {
  const { capture, ...rest } = cell;
  if (!capture || cell.model) throw new InputError('A cell has either `model` or `capture`: remove one.');
  const { capture: origin, ...said } = await once(capture, lab);
  const stated = experimentOf({ ...rest, model: said.model }, lab.folder, lab.provider);
  return {
    ...stated,
    data: cell.data ? stated.data : said.data,
    loss: stated.loss ?? said.loss,
    classAxis: stated.classAxis ?? said.classAxis,
    mode: stated.mode ?? said.mode,
    optimizer: cell.optimizer ? stated.optimizer : (said.optimizer ?? stated.optimizer),
    schedule: stated.schedule ?? said.schedule,
    clipping: said.clipping,
    frozen: stated.frozen ?? said.frozen,
    capture: origin,
  };
}

function once(capture: NonNullable<ExperimentCell['capture']>, lab: Laboratory): Promise<Capture['experiment']> {
  const known = captures.get(lab) ?? new Map<string, Promise<Capture['experiment']>>();
  captures.set(lab, known);
  const key = JSON.stringify(capture);
  const running = known.get(key) ?? run(capture, lab);
  known.set(key, running);
  return running;
}

async function run(
  { script, args = [] }: NonNullable<ExperimentCell['capture']>,
  { folder, shim, signal, python, ...lab }: Laboratory,
): Promise<Capture['experiment']> {
  const path = resolve(folder, script);
  lab.onProgress?.(lab.t('Running {0}', basename(path)));
  const stem = basename(path, extname(path));
  const arguments_ = args.map(String);
  const name = arguments_.length > 0 ? `${stem}-${hash(arguments_)}` : stem;
  const { experiment } = await captureScript(
    {
      python: await (python?.(path) ?? findPython([dirname(path), folder])),
      script: path,
      args: arguments_,
      cwd: dirname(path),
    },
    { shim, out: join(folder, '.gradient-doctor', name), timeoutSeconds, signal },
  );
  return experiment;
}

const hash = (args: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(args)).digest('hex').slice(0, 8);
