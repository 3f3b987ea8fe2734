/** From an experiment cell to the experiment that the trainer takes: defaults filled in, paths made absolute. */
import { isAbsolute, resolve } from 'node:path';
import { InputError } from '../protocol/errors';
import {
  defaultExperiment,
  defaultOptimizer,
  type DataSource,
  type Experiment,
  type OptimizerId,
  type OptimizerSettings,
  type Use,
} from '../protocol/experiment';
import type { ExperimentCell } from './cell-schema';

/** @param folder of the notebook, which relative paths start from. @param provider of the notebook's kernel. */
export function experimentOf(cell: ExperimentCell, folder: string, provider: string): Experiment {
  if (!cell.model) throw new InputError('The cell names no model. Add `model: path/to/model.onnx`.');
  const path = (relative: string): string => (isAbsolute(relative) ? relative : resolve(folder, relative));
  const { class_axis: classAxis, optimizer, schedule, remedies, data, ...rest } = cell;
  return {
    ...defaultExperiment(path(cell.model)),
    provider,
    ...rest,
    model: path(cell.model),
    classAxis,
    capture: undefined,
    data: dataOf(data, path),
    optimizer: optimizerOf(optimizer),
    schedule: schedule === undefined ? undefined : useOf(schedule),
    remedies: (remedies ?? []).map(useOf),
  };
}

function dataOf(data: ExperimentCell['data'], path: (relative: string) => string): DataSource {
  if (!data) return { kind: 'synthetic' };
  if ('npz' in data) return { kind: 'file', path: path(data.npz), validation: data.validation };
  return { kind: 'synthetic', task: data.synthetic, classes: data.classes, validation: data.validation };
}

export function optimizerOf(optimizer: ExperimentCell['optimizer']): OptimizerSettings {
  if (!optimizer || typeof optimizer === 'string') return defaultOptimizer(optimizer ?? 'sgd');
  const [id, options] = Object.entries(optimizer)[0] as [OptimizerId, Record<string, unknown> | null];
  const { weight_decay: weightDecay, ...others } = options ?? {};
  return {
    ...defaultOptimizer(id),
    ...others,
    ...(weightDecay === undefined ? {} : { weightDecay: Number(weightDecay) }),
  };
}

function useOf(use: NonNullable<ExperimentCell['schedule']>): Use {
  if (typeof use === 'string') return { id: use, parameters: {} };
  const entries = Object.entries(use);
  if (entries.length !== 1)
    throw new InputError(`One remedy an entry: write ${entries.map(([id]) => `"- ${id}: …"`).join(' and ')} apart.`);
  const [id, said] = entries[0]!;
  const { units, ...parameters } = said ?? {};
  return { id, parameters: parameters as Use['parameters'], ...(Array.isArray(units) ? { units } : {}) };
}
