/** What tells runs apart: the settings in which they differ, and nothing else. */
import type { RunOutput } from './notebook-output';

export interface Difference {
  /** Path of the setting, as in `optimizer.lr`. */
  path: string;
  /** One of each run; undefined where a run has no such setting. */
  values: readonly (string | undefined)[];
}

/** A list of remedies is one setting: its entries have no names of their own. */
function* flatten(value: unknown, path: string): Generator<[string, string]> {
  if (value === undefined || value === null) return;
  if (typeof value === 'object' && !Array.isArray(value)) {
    for (const [key, one] of Object.entries(value)) yield* flatten(one, path === '' ? key : `${path}.${key}`);
    return;
  }
  yield [path, text(value)];
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(', ') || 'none';
  if (typeof value !== 'object' || value === null) return String(value);
  const { id, parameters, ...rest } = value as Record<string, unknown>;
  if (typeof id !== 'string') return JSON.stringify(value);
  const options = Object.entries({ ...(parameters as object), ...rest }).map(([key, one]) => `${key}=${text(one)}`);
  return options.length > 0 ? `${id} (${options.join(', ')})` : id;
}

type Compared = Pick<RunOutput, 'settings' | 'model' | 'modelHash' | 'dataHash' | 'provider' | 'versions' | 'platform'>;

/** In the order in which the first run that has them names them. */
export function differences(runs: readonly Compared[]): Difference[] {
  const settings = runs.map(({ settings: own, model, modelHash, dataHash, provider, versions, platform }) => {
    const isUsed = (named: (id: string) => boolean) => own.remedies.some(({ id }) => named(id));
    const all = {
      ...own,
      // What a remedy sets goes without saying.
      clipping: isUsed((id) => id.startsWith('clip-')) ? undefined : own.clipping,
      schedule: isUsed((id) => id === own.schedule?.id) ? undefined : own.schedule,
      model,
      modelHash: modelHash.slice(0, 12),
      dataHash: dataHash?.slice(0, 12),
      provider,
      versions,
      platform,
    };
    return new Map(flatten(all, ''));
  });
  const paths = new Set(settings.flatMap((one) => [...one.keys()]));
  const different = [...paths]
    .map((path) => ({ path, values: settings.map((one) => one.get(path)) }))
    .filter(({ values }) => new Set(values).size > 1);
  const ofPath = new Map(different.map((one) => [one.path, one]));
  // Of another file nobody asks whether its content is another one.
  return different.filter(({ path, values }) => {
    const file = ofPath.get(contents[path] ?? '');
    return !file || !isTold(values, file.values);
  });
}

/** Hashes, and the files that they are of. */
const contents: Readonly<Record<string, string>> = { modelHash: 'model', dataHash: 'data.path' };

/** Whether a file that is the same has the same hash in every run. */
const isTold = (hashes: Difference['values'], files: Difference['values']): boolean =>
  files.every((file, run) => hashes[run] === hashes[files.indexOf(file)]);
