/** The language of experiment cells: one schema for types, validation, completion and hovers. */
import { z } from 'zod';
import { lossIds, modes } from '../protocol/experiment';
import { text } from '../protocol/text';
import { findRemedy, remedies } from '../remedies';
import type { Remedy } from '../remedies/remedy';
import type { CustomIssue } from './cell-issues';

const positive = z.number().positive();
const whole = z.number().int().positive();
const parameter = z.union([z.number(), z.string(), z.boolean()]);

/**
 * `{ id: { parameter: value } }`, or the id alone, of a remedy that `allowed` lets through. Beside its parameters may
 * stand `units`: the layers that it is restricted to.
 */
const use = (
  texts: { unknown: string; several: string },
  allowed: (remedy: Remedy) => boolean,
): z.ZodType<string | Record<string, Parameters | null>> =>
  z
    .union(
      [z.string(), z.record(z.string(), z.record(z.string(), z.union([parameter, z.array(z.string())])).nullable())],
      { error: text('Write a name, or { name: { parameter: value } }.') },
    )
    .superRefine((value, context) => {
      const entries = typeof value === 'string' ? [[value, null] as const] : Object.entries(value);
      const issue = (path: PropertyKey[], params: CustomIssue): void => {
        context.addIssue({ code: 'custom', path: typeof value === 'string' ? [] : path, params: { ...params } });
      };
      if (entries.length !== 1) issue([], { text: texts.several });
      for (const [id, parameters] of entries) {
        const remedy = findRemedy(id);
        if (!remedy || !allowed(remedy)) {
          const candidates = remedies.filter(allowed).map((one) => one.id);
          issue([id], { text: texts.unknown, values: [id], atKey: typeof value !== 'string', candidates });
          continue;
        }
        const { units, ...others } = parameters ?? {};
        if (units !== undefined && !remedy.transform)
          issue([id, 'units'], { text: text('"{0}" changes no layers.'), values: [id] });
        else if (units !== undefined && !Array.isArray(units))
          issue([id, 'units'], { text: text('Write a list of layers, such as [ layers.0 ].') });
        const { error } = remedy.parameters.safeParse(others);
        if (error) issue([id], { inner: error.issues });
      }
    });

type Parameters = Record<string, z.infer<typeof parameter> | string[]>;

const remedyUse = use(
  { unknown: text('No remedy is called "{0}".'), several: text('Write one remedy an entry.') },
  () => true,
);
const scheduleUse = use(
  { unknown: text('No schedule is called "{0}".'), several: text('Write one schedule.') },
  ({ isSchedule = false }) => isSchedule,
);

const sgd = z.strictObject({
  lr: positive.optional().describe('Learning rate. 0.1 where left out.'),
  momentum: z.number().min(0).optional().describe('Momentum factor. 0 where left out.'),
  nesterov: z.boolean().optional().describe('Nesterov momentum.'),
  weight_decay: z.number().min(0).optional().describe('L2 penalty.'),
});

const adam = z.strictObject({
  lr: positive.optional().describe('Learning rate. 0.001 where left out.'),
  betas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .optional()
    .describe('Decay of the two running averages.'),
  eps: positive.optional().describe('Added to the denominator. 1e-8 where left out.'),
  weight_decay: z.number().min(0).optional().describe('L2 penalty for adam, decoupled decay for adamw.'),
});

const optimizer = z.union(
  [
    z.enum(['sgd', 'adam', 'adamw']),
    z.strictObject({ sgd: sgd.nullable() }),
    z.strictObject({ adam: adam.nullable() }),
    z.strictObject({ adamw: adam.nullable() }),
  ],
  { error: text('Write sgd, adam or adamw, or { sgd: { lr: 0.1 } }.') },
);

const data = z.union(
  [
    z.strictObject({
      npz: z.string().describe('Arrays named as the model’s inputs, and `target`. Relative to the notebook.'),
      validation: z.number().min(0).lt(1).optional().describe('Share of the rows that is held out.'),
    }),
    z.strictObject({
      synthetic: z.enum(['classification', 'regression']).describe('Data drawn from a random teacher.'),
      classes: whole.optional().describe('Number of classes.'),
      validation: z.number().min(0).lt(1).optional().describe('Share of the rows that is held out.'),
    }),
  ],
  { error: text('Write { npz: FILE }, or { synthetic: classification }.') },
);

export const experimentCell = z.strictObject({
  name: z.string().optional().describe('What other cells call this run.'),
  model: z.string().optional().describe('ONNX file, relative to the notebook.'),
  capture: z
    .strictObject({
      script: z.string().describe('Training script, relative to the notebook.'),
      args: z
        .array(z.union([z.string(), z.number()]))
        .optional()
        .describe('Its arguments.'),
    })
    .optional()
    .describe('Takes the model out of a PyTorch training script instead.'),
  data: data.optional().describe('Where the batches come from; synthetic where left out.'),
  batch: whole.optional().describe('Rows in a batch.'),
  loss: z.enum(lossIds).optional().describe('Loss, with PyTorch’s semantics.'),
  output: z.string().optional().describe('Which output the loss takes, when the model has several.'),
  class_axis: z.number().int().optional().describe('Axis of the classes.'),
  optimizer: optimizer.optional().describe('sgd, adam or adamw, with PyTorch’s options.'),
  schedule: scheduleUse.optional().describe('Learning-rate schedule.'),
  remedies: z.array(remedyUse).optional().describe('Remedies to apply, in this order.'),
  steps: whole.optional().describe('Training steps. 100 where left out.'),
  seed: z.number().int().min(0).optional().describe('Drives data, order, dropout and re-initialization.'),
  provider: z.string().optional().describe('Execution provider; the notebook’s kernel where left out.'),
  mode: z.enum(modes).optional().describe('How BatchNorm and Dropout behave.'),
  threads: whole.optional().describe('Threads of ONNX Runtime on the CPU.'),
  parameters: z.array(z.string()).optional().describe('Train only these parameters or layers.'),
  frozen: z.array(z.string()).optional().describe('Never train these parameters or layers.'),
});

export const compareCell = z.strictObject({
  compare: z.array(z.string()).min(2).describe('Names of runs to show on the same axes.'),
});

export const prescribeCell = z.strictObject({
  prescribe: z
    .strictObject({
      run: z.string().describe('Name of the run to treat.'),
      budget: positive.optional().describe('Seconds that trials may take. 60 where left out.'),
    })
    .describe('Tries remedies on a run and ranks them.'),
});

export const sweepCell = z.strictObject({
  sweep: z
    .strictObject({
      run: z.string().describe('Name of the experiment to vary.'),
      over: z
        .record(z.string(), z.array(z.union([parameter, z.null()])).min(1))
        .refine((over) => Object.keys(over).length > 0, {
          params: { text: text('Name a field with its values, such as { optimizer.sgd.lr: [ 0.01, 0.1 ] }.') },
        })
        .describe('Field paths, such as optimizer.sgd.lr, with the values to try: every combination is run.'),
    })
    .describe('Runs an experiment once for every combination of values.'),
});

export type ExperimentCell = z.infer<typeof experimentCell>;
export type CompareCell = z.infer<typeof compareCell>;
export type PrescribeCell = z.infer<typeof prescribeCell>;
export type SweepCell = z.infer<typeof sweepCell>;

/** The cells by the field that tells them apart; a cell with none of these is an experiment. */
export const cellSchemas = {
  experiment: experimentCell,
  compare: compareCell,
  prescribe: prescribeCell,
  sweep: sweepCell,
} as const;
export type CellKind = keyof typeof cellSchemas;
