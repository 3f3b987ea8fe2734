/** The options that say what to train, with the defaults of the contract or of a capture. */
import { Option, type Command } from 'commander';
import { isFolder, readCapture } from '../capture/captured-experiment';
import { InputError } from '../protocol/errors';
import {
  defaultExperiment,
  defaultOptimizer,
  lossIds,
  modes,
  optimizerIds,
  type Experiment,
  type LossId,
  type Mode,
  type OptimizerId,
  type OptimizerSettings,
  type Use,
} from '../protocol/experiment';
import { betas, numberAtLeast, threadCount, wholeNumber } from './options';
import { remedyUse, scheduleUse } from './use';

/** What to compute the loss of, and on what. */
export interface BatchOptions {
  data?: string;
  loss?: LossId;
  output?: string;
  classAxis?: number;
  batch?: number;
  seed: number;
  ep: string;
  mode?: Mode;
  threads?: number;
}

export interface ExperimentOptions extends BatchOptions {
  optimizer?: OptimizerId;
  lr?: number;
  momentum?: number;
  nesterov?: true;
  weightDecay?: number;
  betas?: [number, number];
  eps?: number;
  schedule?: Use;
  remedy?: Use[];
  steps: number;
}

const defaults = defaultExperiment('');

export const batchOptions = (command: Command): Command =>
  command
    .option('--data <file>', '.npz, .npy or .safetensors with the inputs by name and "target" (default: synthetic)')
    .addOption(new Option('--loss <loss>', 'default: from the model and the target').choices(lossIds))
    .option('--output <name>', 'the output that the loss takes, where the model has several')
    .option('--class-axis <n>', 'axis of the classes', wholeNumber(-Infinity))
    .option('--batch <n>', "default: the model's fixed size, else min(64, rows)", wholeNumber(1))
    .option('--seed <n>', 'drives data, order, dropout and re-initialization', wholeNumber(0), defaults.seed)
    .option('--ep <id>', 'execution provider: auto, cpu, cuda, webgpu, …', defaults.provider)
    .addOption(new Option('--mode <mode>', 'default: train for models from PyTorch, else as-exported').choices(modes))
    .option('--threads <n>', 'threads of the CPU provider', threadCount);

export const experimentOptions = (command: Command): Command =>
  batchOptions(command)
    .addOption(new Option('--optimizer <id>', `default: ${defaults.optimizer.id}`).choices(optimizerIds))
    .option('--lr <x>', 'learning rate (default: 0.1 for sgd, 1e-3 for adam and adamw)', numberAtLeast(0))
    .option('--momentum <x>', 'of sgd', numberAtLeast(0))
    .option('--nesterov', "Nesterov's momentum")
    .option('--weight-decay <x>', '', numberAtLeast(0))
    .option('--betas <a,b>', 'of adam and adamw', betas)
    .option('--eps <x>', 'of adam and adamw', numberAtLeast(0, { beyond: true }))
    .option('--schedule <id[:k=v,…]>', 'learning-rate schedule, as in cosine-annealing-lr:t_max=200', scheduleUse)
    .option('--remedy <id[:k=v,…]>', 'apply a remedy first; may be repeated', remedyUse)
    .option('--steps <n>', '', wholeNumber(1), defaults.steps);

/** What `gradients` differentiates: no optimizer, one step. @param model an ONNX file, or the folder of a capture */
export async function batchExperiment(model: string, options: BatchOptions): Promise<Experiment> {
  const captured = (await isFolder(model)) ? (await readCapture(model)).experiment : undefined;
  return {
    ...defaultExperiment(captured?.model ?? model),
    ...captured,
    data: options.data === undefined ? (captured?.data ?? { kind: 'synthetic' }) : { kind: 'file', path: options.data },
    loss: options.loss ?? captured?.loss,
    output: options.output,
    classAxis: options.classAxis ?? captured?.classAxis,
    batch: options.batch,
    seed: options.seed,
    provider: options.ep,
    mode: options.mode ?? captured?.mode,
    threads: options.threads,
  };
}

export async function experimentOf(model: string, options: ExperimentOptions): Promise<Experiment> {
  const stated = await batchExperiment(model, options);
  return {
    ...stated,
    optimizer: optimizerOf(options, stated.optimizer),
    schedule: options.schedule ?? stated.schedule,
    remedies: options.remedy ?? [],
    steps: options.steps,
  };
}

/** @throws InputError for an option of another optimizer, and where PyTorch would refuse the combination */
function optimizerOf(options: ExperimentOptions, stated: OptimizerSettings): OptimizerSettings {
  const usual = options.optimizer && options.optimizer !== stated.id ? defaultOptimizer(options.optimizer) : stated;
  const foreign = (usual.id === 'sgd' ? (['betas', 'eps'] as const) : (['momentum', 'nesterov'] as const)).find(
    (name) => options[name] !== undefined,
  );
  if (foreign)
    throw new InputError(`--${foreign} is not an option of ${usual.id}: leave it out, or state --optimizer.`);
  if (options.nesterov && !((options.momentum ?? usual.momentum) > 0))
    throw new InputError('--nesterov needs a --momentum above 0.');
  return {
    id: usual.id,
    lr: options.lr ?? usual.lr,
    momentum: options.momentum ?? usual.momentum,
    nesterov: options.nesterov ?? usual.nesterov,
    weightDecay: options.weightDecay ?? usual.weightDecay,
    betas: options.betas ?? usual.betas,
    eps: options.eps ?? usual.eps,
  };
}
