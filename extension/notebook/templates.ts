/** Notebooks to begin with: a question in words, its cells, and where to look for the answer. */
import { number } from '../diagnosis/sentence';
import type { Experiment, OptimizerSettings } from '../protocol/experiment';
import type { Prescription, Trial } from '../protocol/prescription';
import { trialName } from '../protocol/trial-ranking';
import { cellOf, cellText, optimizerCell, useCell } from './cell-text';
import type { ExperimentCell } from './cell-schema';
import { linesOf, type Notebook, type NotebookCell } from './gradnb';

export const templateIds = ['empty', 'initialization', 'clipping', 'residual', 'recurrent', 'learning-rate'] as const;
export type TemplateId = (typeof templateIds)[number];

/** What the experiments of a template are about, with paths from the notebook. */
export type Subject = Pick<ExperimentCell, 'model' | 'data'>;

const markdown = (text: string): NotebookCell => ({ kind: 'markdown', source: linesOf(text) });
const cell = (fields: Readonly<Record<string, unknown>>): NotebookCell => ({
  kind: 'experiment',
  source: linesOf(cellText(fields)),
});
const notebook = (...cells: NotebookCell[]): Notebook => ({ version: 1, cells });

type Remedies = NonNullable<ExperimentCell['remedies']>;

/** Variants of one experiment, and their comparison. */
function variants(
  title: string,
  intro: string,
  subject: Subject,
  of: readonly { name: string; remedies?: Remedies }[],
): Notebook {
  return notebook(
    markdown(`# ${title}\n\n${intro}`),
    ...of.map(({ name, remedies }) => cell({ name, ...subject, remedies })),
    markdown('## Side by side\n\nThe same seed, data and number of steps: what differs is what the columns show.'),
    cell({ compare: of.map(({ name }) => name) }),
    markdown('## Conclusion\n\n'),
  );
}

const templates: Readonly<Record<TemplateId, (subject: Subject) => Notebook>> = {
  empty: (subject) => notebook(markdown('# Experiment\n\n'), cell({ name: 'baseline', ...subject })),
  initialization: (subject) =>
    variants(
      'Which initialization suits this network?',
      'An initialization is good when the spread of the activations, and of their gradients, stays the same from layer to layer. Look at *Gradient by depth*: the flatter, the better.',
      subject,
      [
        { name: 'as exported' },
        { name: 'Xavier', remedies: ['xavier-uniform'] },
        { name: 'Kaiming', remedies: ['kaiming-normal'] },
        { name: 'orthogonal', remedies: ['orthogonal'] },
        { name: 'LSUV', remedies: ['lsuv'] },
      ],
    ),
  clipping: (subject) =>
    variants(
      'Does clipping help?',
      'Clipping bounds the step that one bad batch can take. It helps where the norm of the gradient has spikes, and only delays learning where every step is clipped.',
      subject,
      [
        { name: 'free' },
        { name: 'norm ≤ 1', remedies: [{ 'clip-grad-norm': { max_norm: 1 } }] },
        { name: 'values ≤ 0.1', remedies: [{ 'clip-grad-value': { clip_value: 0.1 } }] },
      ],
    ),
  residual: (subject) =>
    variants(
      'What do residual connections change?',
      'A skip connection lets the gradient pass a block without being multiplied by its weights.',
      subject,
      [{ name: 'plain' }, { name: 'residual', remedies: ['residual'] }, { name: 'highway', remedies: ['highway'] }],
    ),
  recurrent: (subject) =>
    variants(
      'RNN, LSTM or GRU?',
      'Gates let a recurrent layer remember. Look at *Gradient through time*: does the first time step still receive any?',
      subject,
      [
        { name: 'RNN' },
        { name: 'LSTM', remedies: ['lstm'] },
        { name: 'GRU', remedies: ['gru'] },
        { name: 'RNN, clipped', remedies: [{ 'clip-grad-norm': { max_norm: 1 } }] },
      ],
    ),
  'learning-rate': (subject) =>
    notebook(
      markdown(
        '# Which learning rate?\n\nToo small, and the loss stands still; too large, and it jumps or becomes NaN. The best is usually a third of the largest that still works.',
      ),
      cell({ name: 'baseline', ...subject }),
      cell({ sweep: { run: 'baseline', over: { 'optimizer.sgd.lr': [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] } } }),
      markdown('## Conclusion\n\n'),
    ),
};

export const fromTemplate = (id: TemplateId, subject: Subject): Notebook => templates[id](subject);

/** @param path from the notebook to a file */
export function fromExperiment(experiment: Experiment, name: string, path: (absolute: string) => string): Notebook {
  return notebook(
    markdown(`# Why does ${name} not train?\n\n`),
    cell({ ...cellOf({ ...experiment, name }, path) }),
    markdown('## What could be done\n\nEvery remedy that fits is tried with the same seed and data, and measured.'),
    cell({ prescribe: { run: name, budget: 60 } }),
    markdown('## Conclusion\n\n'),
  );
}

/** What was tried, and what it came to where that is known. */
export type TriedTreatment = Pick<Trial, 'remedies' | 'learningRateFactor'> &
  Partial<Pick<Prescription, 'why' | 'effect' | 'healthy' | 'seeds'>>;

/** The experiment, the same with the prescription, and both compared. */
export function fromPrescription(
  experiment: Experiment,
  name: string,
  prescription: TriedTreatment,
  path: (absolute: string) => string,
): Notebook {
  const treated = treatedName(name, prescription);
  const untreated = cellOf({ ...experiment, name }, path);
  return notebook(
    markdown(`# ${treated}\n\n${hypothesis(prescription)}`),
    cell({ ...untreated }),
    cell({ ...treatedCell(untreated, experiment.optimizer, prescription, treated) }),
    markdown('## Side by side\n\nThe same seed, data and number of steps, without and with the prescription.'),
    cell({ compare: [name, treated] }),
    markdown('## Conclusion\n\n'),
  );
}

export const treatedName = (name: string, treatment: TriedTreatment): string => `${name} with ${trialName(treatment)}`;

function hypothesis({ why, effect, healthy, seeds }: TriedTreatment): string {
  if (!effect) return why ?? '';
  const losses = `The search for a prescription measured a loss of ${number(effect.lossAfter)} with it and of ${number(effect.lossBefore)} without`;
  const verdict = !healthy
    ? 'it is better, not healthy yet'
    : seeds && seeds.length > 1
      ? `it was healthy on seeds ${seeds.join(', ')}`
      : 'it was healthy, on one seed';
  return `${losses}; ${verdict}. Does that hold here?`;
}

/** The cell of an experiment with the remedies of a prescription; what the user wrote besides stays as it is. */
export function treatedCell(
  untreated: ExperimentCell,
  optimizer: OptimizerSettings,
  { remedies, learningRateFactor }: TriedTreatment,
  name: string,
): ExperimentCell {
  // As many digits as float32 tells apart.
  const lr = Number((optimizer.lr * learningRateFactor).toPrecision(9));
  return {
    ...untreated,
    name,
    ...(learningRateFactor === 1 ? {} : { optimizer: optimizerCell({ ...optimizer, lr }) }),
    remedies: [...(untreated.remedies ?? []), ...remedies.map(useCell)],
  };
}
