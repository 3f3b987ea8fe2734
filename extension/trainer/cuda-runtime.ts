/**
 * A copy of ONNX Runtime with its CUDA library. The runtime looks for that library beside itself only, it is too large
 * to ship, and an extension's own folder is not a place to write to: so the whole package is copied to where there is room.
 */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { cp, mkdir, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { InputError, RunError } from '../protocol/errors';

export interface CudaRuntimeOptions {
  /** The trainer's program: onnxruntime-node is where its `require` finds it, and the installer lies beside it. */
  trainer: string;
  /** The folder that the copy is made in. */
  to: string;
  /** A folder with ONNX Runtime's CUDA library, or the library itself. Downloaded where left out. */
  library?: string;
  log?: (line: string) => void;
  signal?: AbortSignal;
}

/** What CUDA support consists of; the second one loads the first. */
const libraries = ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so'] as const;

const packageIn = (folder: string): string => join(folder, 'node_modules/onnxruntime-node');
const binaries = join('bin/napi-v6', process.platform, process.arch);

/** The copy in a folder, for `GRADIENT_DOCTOR_RUNTIME`; undefined where there is none or it is not complete. */
export const cudaRuntimeIn = (folder: string): string | undefined => {
  const copy = packageIn(folder);
  return libraries.every((library) => existsSync(join(copy, binaries, library))) ? copy : undefined;
};

/**
 * Makes the copy; one that is there already is replaced when the new one is complete, and a failed try leaves nothing.
 * @returns the folder of the package @throws InputError where it cannot be, RunError where it fails or is cancelled
 */
export async function installCudaRuntime(options: CudaRuntimeOptions): Promise<string> {
  const { trainer, to, library, signal } = options;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new InputError('ONNX Runtime has a CUDA library for Node on Linux x64 only.');
  const given = library === undefined ? undefined : findLibraries(library);
  const attempt = `${to}.${process.pid}`;
  try {
    await rm(attempt, { recursive: true, force: true });
    const copy = await copyRuntime(trainer, attempt);
    if (given) for (const name of libraries) await symlink(join(given, name), join(copy, binaries, name));
    else await download(copy, options);
    for (const name of libraries) checkArrived(join(copy, binaries, name));
    if (signal?.aborted) throw new RunError('Cancelled.');
    await rm(to, { recursive: true, force: true });
    await mkdir(dirname(to), { recursive: true });
    await rename(attempt, to);
    return packageIn(to);
  } finally {
    await rm(attempt, { recursive: true, force: true });
  }
}

function findLibraries(path: string): string {
  const folder = resolve(existsSync(path) && statSync(path).isFile() ? dirname(path) : path);
  for (const name of libraries)
    if (!existsSync(join(folder, name)))
      throw new InputError(`${folder}: there is no ${name}. Name the folder that holds ONNX Runtime's CUDA library.`);
  return folder;
}

/** The package and what it requires, with the binaries of this platform alone. */
async function copyRuntime(trainer: string, to: string): Promise<string> {
  const source = packageFolder('onnxruntime-node', trainer);
  const common = packageFolder('onnxruntime-common', join(source, 'package.json'));
  const copy = packageIn(to);
  for (const part of ['package.json', 'dist', binaries])
    await cp(join(source, part), join(copy, part), { recursive: true, dereference: true });
  await cp(common, join(to, 'node_modules/onnxruntime-common'), { recursive: true, dereference: true });
  // A bundle of the package's own installer, which finds its folders from where it lies.
  await cp(join(dirname(trainer), 'install-cuda.js'), join(copy, 'script/install.js'));
  return copy;
}

/** The folder of a package as the program at `from` finds it. */
function packageFolder(name: string, from: string): string {
  const entry = createRequire(from).resolve(name);
  return entry.slice(0, entry.lastIndexOf(name) + name.length);
}

/** Runs the installer, and ends it where the user cancels. */
function download(copy: string, { log, signal }: CudaRuntimeOptions): Promise<void> {
  return new Promise<void>((done, fail) => {
    const child = spawn(process.execPath, [join(copy, 'script/install.js')], {
      cwd: copy,
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ONNXRUNTIME_NODE_INSTALL: 'cuda12' },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    let lastWords = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        lastWords = (lastWords + text).slice(-4096);
        for (const line of text.split('\n')) if (line.trim()) log?.(line.trim());
      });
    child.on('error', (error) => {
      fail(new RunError(signal?.aborted ? 'Cancelled.' : `The installer could not be started: ${error.message}.`));
    });
    child.on('close', (code) => {
      if (code === 0) done();
      else {
        const why = /^(?:\w*Error|\s*code): .*$/m.exec(lastWords)?.[0] ?? `exit code ${code ?? 'unknown'}`;
        fail(
          new RunError(`ONNX Runtime's CUDA library could not be downloaded (${why.trim()}). Check the connection.`),
        );
      }
    });
  });
}

function checkArrived(path: string): void {
  const size = existsSync(path) ? statSync(path).size : 0;
  // The smaller of the two has 14 KB.
  if (size < 4096) throw new RunError(`${path} did not arrive whole: try again.`);
}
