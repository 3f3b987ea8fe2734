import { z } from 'zod';
import {
  defaultExperiment,
  defaultOptimizer,
  lossIds,
  modes,
  optimizerIds,
  type Experiment,
} from '../protocol/experiment';
import { symptomIds } from '../protocol/finding';

/** Every setting, what it may be, and what it is when the user says nothing. package.json holds the same. */
export const settingSchemas = {
  executionProvider: z.string().min(1).default('auto'),
  data: z.string().default(''),
  steps: z.int().min(1).max(1_000_000).default(100),
  batchSize: z.int().min(1).nullable().default(null),
  loss: z.enum(['auto', ...lossIds]).default('auto'),
  optimizer: z.enum(optimizerIds).default('sgd'),
  learningRate: z.number().positive().nullable().default(null),
  mode: z.enum(['auto', ...modes]).default('auto'),
  seed: z.int().min(0).default(0),
  threads: z.int().min(0).max(1024).default(0),
  thresholds: z.partialRecord(z.enum(symptomIds), z.number()).default({}),
  panelLocation: z.enum(['editor', 'sideBar']).default('editor'),
  keepRuns: z.int().min(1).max(1000).default(50),
  runStorageMegabytes: z.int().min(1).default(1024),
} as const;

export type SettingName = keyof typeof settingSchemas;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settingSchemas)[Name]> };

/**
 * Reads every setting; one that is not valid keeps its default and is named in `problems`.
 * @param get the value as the user wrote it, undefined where unset
 */
export function readSettings(get: (name: SettingName) => unknown): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const read = (name: SettingName): unknown => {
    const schema = settingSchemas[name];
    const result = schema.safeParse(get(name));
    if (result.success) return result.data;
    problems.push(`gradientDoctor.${name}: ${result.error.issues[0]?.message ?? 'invalid'}`);
    return schema.parse(undefined);
  };
  const names = Object.keys(settingSchemas) as SettingName[];
  return { settings: Object.fromEntries(names.map((name) => [name, read(name)])) as Settings, problems };
}

/**
 * The experiment that the settings describe.
 * @param data path of the arrays to train on; synthetic data without
 * @param frozen names of layers that shall not be trained
 */
export function experimentOf(
  settings: Settings,
  model: string,
  data: string | undefined,
  frozen: readonly string[],
): Experiment {
  const optimizer = defaultOptimizer(settings.optimizer);
  return {
    ...defaultExperiment(model),
    data: data === undefined ? { kind: 'synthetic' } : { kind: 'file', path: data },
    ...(settings.batchSize === null ? {} : { batch: settings.batchSize }),
    ...(settings.loss === 'auto' ? {} : { loss: settings.loss }),
    ...(settings.mode === 'auto' ? {} : { mode: settings.mode }),
    ...(settings.threads === 0 ? {} : { threads: settings.threads }),
    ...(frozen.length > 0 ? { frozen } : {}),
    optimizer: { ...optimizer, lr: settings.learningRate ?? optimizer.lr },
    steps: settings.steps,
    seed: settings.seed,
    provider: settings.executionProvider,
  };
}
