/** Writes cells: fields in block style, what they hold in one line each, as the contract writes them. */
import { Document, isCollection, isMap } from 'yaml';
import {
  defaultExperiment,
  defaultOptimizer,
  type CaptureOrigin,
  type Experiment,
  type Use,
} from '../protocol/experiment';
import type { ExperimentCell } from './cell-schema';

/** @param fields of any kind of cell; those that are undefined are left out */
export function cellText(fields: Readonly<Record<string, unknown>>): string {
  const document = new Document(JSON.parse(JSON.stringify(fields)));
  if (isMap(document.contents))
    for (const { value } of document.contents.items) if (isCollection(value)) value.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true }).trimEnd();
}

/**
 * The fields of the cell that states an experiment, those left out that say what holds anyway. A model that was captured
 * from a script is captured again, where a cell can say how.
 */
export function cellOf(experiment: Experiment, path: (absolute: string) => string): ExperimentCell {
  const usual = defaultExperiment(experiment.model);
  const { name, data, batch, loss, output, classAxis, optimizer, schedule, remedies, steps, seed } = experiment;
  const { mode, threads, parameters, frozen, provider, clipping } = experiment;
  const capture = captureOf(experiment.capture, path);
  const uses = [...(clipping && !capture ? [clippingUse(clipping)] : []), ...remedies];
  return {
    name,
    ...(capture ? { capture } : { model: path(experiment.model) }),
    data: capture
      ? undefined
      : data.kind === 'file'
        ? { npz: path(data.path), validation: data.validation }
        : data.task
          ? { synthetic: data.task, classes: data.classes, validation: data.validation }
          : undefined,
    batch,
    loss,
    output,
    class_axis: classAxis,
    optimizer: optimizerCell(optimizer),
    schedule: schedule && useCell(schedule),
    remedies: uses.length > 0 ? uses.map(useCell) : undefined,
    steps: steps === usual.steps ? undefined : steps,
    seed: seed === usual.seed ? undefined : seed,
    provider: provider === usual.provider ? undefined : provider,
    mode,
    threads,
    parameters: parameters && [...parameters],
    frozen: frozen && [...frozen],
  };
}

/** A cell names the script alone; one that was captured in another way keeps the model that came of it. */
function captureOf(
  origin: CaptureOrigin | undefined,
  path: (absolute: string) => string,
): ExperimentCell['capture'] | undefined {
  if (!origin || origin.construct || origin.module !== undefined || (origin.backward ?? 1) !== 1) return undefined;
  return { script: path(origin.script), args: origin.args.length > 0 ? [...origin.args] : undefined };
}

const clippingUse = ({ kind, limit }: NonNullable<Experiment['clipping']>): Use =>
  kind === 'norm'
    ? { id: 'clip-grad-norm', parameters: { max_norm: limit } }
    : { id: 'clip-grad-value', parameters: { clip_value: limit } };

export function optimizerCell({ id, ...options }: Experiment['optimizer']): ExperimentCell['optimizer'] {
  const usual = defaultOptimizer(id);
  const names =
    id === 'sgd' ? (['momentum', 'nesterov', 'weightDecay'] as const) : (['betas', 'eps', 'weightDecay'] as const);
  const changed = names.filter((name) => JSON.stringify(options[name]) !== JSON.stringify(usual[name]));
  const written = Object.fromEntries(
    changed.map((name) => [name === 'weightDecay' ? 'weight_decay' : name, options[name]]),
  );
  return { [id]: { lr: options.lr, ...written } } as ExperimentCell['optimizer'];
}

export function useCell({ id, parameters, units }: Use): NonNullable<ExperimentCell['schedule']> {
  const said = { ...parameters, ...(units ? { units: [...units] } : {}) };
  return Object.keys(said).length > 0 ? { [id]: said } : id;
}
