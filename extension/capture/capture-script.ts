/** Runs a script under the shim and reads what that has captured. */
import { access, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileTrouble, InputError, RunError } from '../protocol/errors';
import type { CaptureOrigin } from '../protocol/experiment';
import { readCapture, type Capture } from './captured-experiment';
import { runTree, type TreeEnd } from './process-tree';

export interface CaptureOptions {
  /** The folder `gradient_doctor_capture`; it lies beside the bundle that uses it. */
  shim: string;
  /** Model, batch and settings go here; files of an earlier capture are replaced. */
  out: string;
  timeoutSeconds: number;
  signal?: AbortSignal;
  /** Receives what the script prints. */
  log?: (line: string) => void;
}

/**
 * @throws InputError with what to do, for whatever keeps a script from being captured; RunError where its process died
 * or was cancelled
 */
export async function captureScript(origin: CaptureOrigin, options: CaptureOptions): Promise<Capture> {
  const { shim, out, timeoutSeconds, signal, log } = options;
  const name = basename(origin.script);
  await access(origin.script).catch((error: unknown) => {
    throw new InputError(`${origin.script}: cannot be read: ${fileTrouble(error)}.`);
  });
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw new InputError(`${out}: cannot be written: ${fileTrouble(error)}.`);
  });
  const end = await runTree(origin.python, commandLine(origin, shim, out), {
    cwd: origin.cwd,
    environment: { PYTHONUNBUFFERED: '1', PYTHONIOENCODING: 'utf-8' },
    timeoutSeconds,
    signal,
    log,
  });
  if (end.kind === 'exited' && end.code === 0) return readCapture(out);
  throw (await statedFailure(out, end)) ?? failure(end, name, origin, timeoutSeconds);
}

const commandLine = (
  { script, args, backward, module, construct }: CaptureOrigin,
  shim: string,
  out: string,
): string[] => [
  shim,
  '--out',
  out,
  ...(backward === undefined ? [] : ['--nth', String(backward)]),
  ...(module === undefined ? [] : ['--module', module]),
  ...(construct === undefined
    ? []
    : ['--construct', construct.class, `--arguments=${construct.arguments}`, `--inputs=${construct.inputs}`]),
  script,
  ...args,
];

/** What the shim says itself. */
async function statedFailure(out: string, end: TreeEnd): Promise<InputError | undefined> {
  if (end.kind !== 'exited') return undefined;
  try {
    const { message } = JSON.parse(await readFile(join(out, 'failure.json'), 'utf8')) as { message: string };
    return new InputError(message);
  } catch {
    return undefined;
  }
}

function failure(end: TreeEnd, name: string, { python }: CaptureOrigin, timeoutSeconds: number): Error {
  switch (end.kind) {
    case 'unstartable':
      return new InputError(`${python} cannot be run: ${end.why}. Choose the Python that you train with.`);
    case 'timeout':
      return new InputError(
        `${name} did not call backward() within ${timeoutSeconds} seconds: give it less data to prepare, or more time.`,
      );
    case 'cancelled':
      return new RunError('Cancelled.');
    case 'exited':
      return new RunError(
        `The process of ${name} ended unexpectedly (${end.signal ?? `exit code ${end.code ?? 'unknown'}`}): see its output.`,
      );
  }
}
