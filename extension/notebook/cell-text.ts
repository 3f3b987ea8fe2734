/** Writes cells: fields in block style, what they hold in one line each, as the contract writes them. */
import { Document, isCollection, isMap } from 'yaml';
import { defaultExperiment, defaultOptimizer, type Experiment, type Use } from '../protocol/experiment';
import type { ExperimentCell } from './cell-schema';

/** @param fields of any kind of cell; those that are undefined are left out */
export function cellText(fields: Readonly<Record<string, unknown>>): string {
  const document = new Document(JSON.parse(JSON.stringify(fields)));
  if (isMap(document.contents))
    for (const { value } of document.contents.items) if (isCollection(value)) value.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true }).trimEnd();
}

/** The fields of the cell that states an experiment, those left out that say what holds anyway. */
export function cellOf(experiment: Experiment, path: (absolute: string) => string): ExperimentCell {
  const usual = defaultExperiment(experiment.model);
  const { name, data, batch, loss, output, classAxis, optimizer, schedule, remedies, steps, seed } = experiment;
  const { mode, threads, parameters, frozen, provider } = experiment;
  return {
    name,
    model: path(experiment.model),
    data:
      data.kind === 'file'
        ? { npz: path(data.path), validation: data.validation }
        : data.task
          ? { synthetic: data.task, classes: data.classes, validation: data.validation }
          : undefined,
    batch,
    loss,
    output,
    class_axis: classAxis,
    optimizer: optimizerOf(optimizer),
    schedule: schedule && useOf(schedule),
    remedies: remedies.length > 0 ? remedies.map(useOf) : undefined,
    steps: steps === usual.steps ? undefined : steps,
    seed: seed === usual.seed ? undefined : seed,
    provider: provider === usual.provider ? undefined : provider,
    mode,
    threads,
    parameters: parameters && [...parameters],
    frozen: frozen && [...frozen],
  };
}

function optimizerOf({ id, ...options }: Experiment['optimizer']): ExperimentCell['optimizer'] {
  const usual = defaultOptimizer(id);
  const names =
    id === 'sgd' ? (['momentum', 'nesterov', 'weightDecay'] as const) : (['betas', 'eps', 'weightDecay'] as const);
  const changed = names.filter((name) => JSON.stringify(options[name]) !== JSON.stringify(usual[name]));
  const written = Object.fromEntries(
    changed.map((name) => [name === 'weightDecay' ? 'weight_decay' : name, options[name]]),
  );
  return { [id]: { lr: options.lr, ...written } } as ExperimentCell['optimizer'];
}

const useOf = ({ id, parameters }: Use): string | Record<string, Record<string, number | string | boolean>> =>
  Object.keys(parameters).length > 0 ? { [id]: { ...parameters } } : id;
