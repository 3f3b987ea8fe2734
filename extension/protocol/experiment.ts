/** What to train: one experiment, as the command line, a notebook cell and the trainer all understand it. */

export const lossIds = ['cross-entropy', 'nll', 'mse', 'l1', 'huber', 'bce-with-logits', 'output'] as const;
export type LossId = (typeof lossIds)[number];

export const optimizerIds = ['sgd', 'adam', 'adamw'] as const;
export type OptimizerId = (typeof optimizerIds)[number];

export const modes = ['train', 'eval', 'as-exported'] as const;
export type Mode = (typeof modes)[number];

/** PyTorch's options of the same names. `lr` defaults to 0.1 for SGD and 1e-3 for the Adam family. */
export interface OptimizerSettings {
  id: OptimizerId;
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  betas: readonly [number, number];
  eps: number;
}

export type ParameterValue = number | string | boolean;

/** A remedy or a schedule with its parameters, as in `--remedy clip-grad-norm:max_norm=1`. */
export interface Use {
  id: string;
  parameters: Readonly<Record<string, ParameterValue>>;
  /** The units (layer names) a remedy is applied to; all that fit when absent. */
  units?: readonly string[];
}

export type DataSource =
  | { kind: 'file'; path: string; validation?: number }
  | { kind: 'synthetic'; task?: 'classification' | 'regression'; classes?: number; validation?: number };

/** How a model was got out of the user's own code, so that it can be got again after an edit. */
export interface CaptureOrigin {
  /** The user's interpreter: a path, or a command that the system finds. */
  python: string;
  /** Absolute. */
  script: string;
  args: readonly string[];
  /** The folder that it runs in. */
  cwd: string;
  /** Which call of `backward()`, from 1; the first one where left out. */
  backward?: number;
  /** Name or class of a module that the loss must depend on. */
  module?: string;
  /** A class of the script that is constructed by itself instead; nothing is trained. */
  construct?: ModuleConstruction;
}

export interface ModuleConstruction {
  class: string;
  /** Python text between the parentheses of the constructor: `20, hidden=64`. */
  arguments: string;
  /** The inputs of `forward`: `float32[64, 20]`, several with semicolons between. */
  inputs: string;
}

/** An experiment as a user states it: everything but the model may be left to the defaults of the contract. */
export interface Experiment {
  name?: string;
  /** Path of the ONNX file. */
  model: string;
  data: DataSource;
  batch?: number;
  /** By default read from the model and the target (see `chooseLoss`). */
  loss?: LossId;
  /** Which output the loss takes, when the model has several. */
  output?: string;
  classAxis?: number;
  optimizer: OptimizerSettings;
  schedule?: Use;
  remedies: readonly Use[];
  /** Of the gradients, between backward and step: their global L2 norm, or each element. */
  clipping?: { kind: 'norm' | 'value'; limit: number };
  steps: number;
  seed: number;
  provider: string;
  mode?: Mode;
  threads?: number;
  /** Train only these parameters … */
  parameters?: readonly string[];
  /** … and never these. Names of parameters or layers. */
  frozen?: readonly string[];
  /** Where the model was captured from, if it was. */
  capture?: CaptureOrigin;
}

export const defaultOptimizer = (id: OptimizerId): OptimizerSettings => ({
  id,
  lr: id === 'sgd' ? 0.1 : 1e-3,
  momentum: 0,
  nesterov: false,
  weightDecay: id === 'adamw' ? 0.01 : 0,
  betas: [0.9, 0.999],
  eps: 1e-8,
});

export const defaultExperiment = (model: string): Experiment => ({
  model,
  data: { kind: 'synthetic' },
  optimizer: defaultOptimizer('sgd'),
  remedies: [],
  steps: 100,
  seed: 0,
  provider: 'auto',
});
