// The small flavour: the other one brings half a megabyte into the activation.
import * as z from 'zod/mini';
import { issuesIn } from '../notebook/cell-issues';
import {
  defaultExperiment,
  defaultOptimizer,
  lossIds,
  modes,
  optimizerIds,
  type Experiment,
} from '../protocol/experiment';
import { symptomIds } from '../protocol/finding';
import { english, type Translate } from '../protocol/text';

const whole = (minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  z.int().check(z.minimum(minimum), z.maximum(maximum));

/** Every setting, what it may be, and what it is when the user says nothing. package.json holds the same. */
export const settingSchemas = {
  executionProvider: z._default(z.string().check(z.minLength(1)), 'auto'),
  data: z._default(z.string(), ''),
  steps: z._default(whole(1, 1_000_000), 100),
  batchSize: z._default(z.nullable(whole(1)), null),
  loss: z._default(z.enum(['auto', ...lossIds]), 'auto'),
  optimizer: z._default(z.enum(optimizerIds), 'sgd'),
  learningRate: z._default(z.nullable(z.number().check(z.positive())), null),
  mode: z._default(z.enum(['auto', ...modes]), 'auto'),
  seed: z._default(whole(0), 0),
  threads: z._default(whole(0, 1024), 0),
  'cuda.libraryPath': z._default(z.string(), ''),
  prescribeBudget: z._default(whole(1, 86_400), 60),
  thresholds: z._default(z.partialRecord(z.enum(symptomIds), z.number()), {}),
  lint: z._default(z.boolean(), true),
  rules: z._default(
    z.record(z.string().check(z.regex(/^GD\d{3}$/)), z.enum(['error', 'warning', 'information', 'off'])),
    {},
  ),
  codeLens: z._default(z.boolean(), true),
  python: z._default(z.string(), ''),
  captureTimeout: z._default(whole(1, 86_400), 300),
  panelLocation: z._default(z.enum(['editor', 'sideBar']), 'editor'),
  keepRuns: z._default(whole(1, 1000), 50),
  runStorageMegabytes: z._default(whole(1), 1024),
} as const;

export type SettingName = keyof typeof settingSchemas;
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settingSchemas)[Name]> };

/**
 * Reads every setting; one that is not valid keeps its default and is named in `problems`.
 * @param get the value as the user wrote it, undefined where unset
 */
export function readSettings(
  get: (name: SettingName) => unknown,
  t: Translate = english,
): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const read = (name: SettingName): unknown => {
    const schema = settingSchemas[name];
    const result = schema.safeParse(get(name));
    if (result.success) return result.data;
    const { path, message } = issuesIn(result.error.issues, t)[0]!;
    problems.push(`gradientDoctor.${[name, ...path.map(String)].join('.')}: ${message}`);
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
