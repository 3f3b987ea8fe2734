/** What the shim wrote into a folder, as an experiment. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { InputError } from '../protocol/errors';
import { lossIds, modes, optimizerIds, type CaptureOrigin, type Experiment } from '../protocol/experiment';

export const experimentFile = 'experiment.json';
const modelFile = 'model.onnx';

const use = z.object({
  id: z.string(),
  parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
});

const schema = z.object({
  version: z.literal(1),
  script: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  python: z.object({ executable: z.string(), version: z.string() }),
  versions: z.record(z.string(), z.string()),
  network: z.string(),
  /** The file with the batch; synthetic data without. */
  data: z.optional(z.string()),
  construct: z.optional(z.object({ class: z.string(), arguments: z.string(), inputs: z.string() })),
  experiment: z.object({
    loss: z.optional(z.enum(lossIds)),
    classAxis: z.optional(z.int()),
    mode: z.enum(modes),
    optimizer: z.optional(
      z.object({
        id: z.enum(optimizerIds),
        lr: z.number(),
        momentum: z.number(),
        nesterov: z.boolean(),
        weightDecay: z.number(),
        betas: z.tuple([z.number(), z.number()]),
        eps: z.number(),
      }),
    ),
    schedule: z.optional(use),
    clipping: z.optional(z.object({ kind: z.enum(['norm', 'value']), limit: z.number() })),
    frozen: z.optional(z.array(z.string())),
  }),
  seen: z.object({ backward: z.int(), module: z.optional(z.nullable(z.string())) }),
  notes: z.array(z.string()),
});

/** A captured model with its settings; what the script does not say is left out. */
export interface Capture {
  folder: string;
  /** Name of the class. */
  network: string;
  experiment: Pick<Experiment, 'model' | 'data' | 'mode'> &
    Partial<Pick<Experiment, 'name' | 'loss' | 'classAxis' | 'optimizer' | 'schedule' | 'clipping' | 'frozen'>> & {
      capture: CaptureOrigin;
    };
  /** What a reader ought to know: what the captured run does otherwise than the script. */
  notes: readonly string[];
}

/** Whether a path is a folder, as `diagnose DIR` takes one. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** @throws InputError where the folder holds no capture */
export async function readCapture(folder: string): Promise<Capture> {
  const file = join(folder, experimentFile);
  const text = await readFile(file, 'utf8').catch(() => {
    throw new InputError(`${folder}: no ${experimentFile} in this folder; capture a script into it first.`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new InputError(`${file}: not valid JSON; capture the script again.`);
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success)
    throw new InputError(
      `${file}: ${checked.error.issues[0]?.path.join('.') ?? ''} is not as expected; capture the script again.`,
    );
  const { script, args, cwd, python, network, data, construct, experiment, seen, notes } = checked.data;
  return {
    folder,
    network,
    notes,
    experiment: {
      ...experiment,
      name: construct?.class ?? basename(script),
      model: join(folder, modelFile),
      data: data === undefined ? { kind: 'synthetic' } : { kind: 'file', path: join(folder, data) },
      capture: {
        python: python.executable,
        script,
        args,
        cwd,
        ...(seen.backward > 1 && { backward: seen.backward }),
        ...(typeof seen.module === 'string' && { module: seen.module }),
        ...(construct && { construct }),
      },
    },
  };
}
