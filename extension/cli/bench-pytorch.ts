/** PyTorch as a contender of the benchmark: a process of its own for every measurement. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RunError } from '../protocol/errors';
import { benchFolder } from './bench-models';

const execute = promisify(execFile);

export const watches = ['norms', 'layers'] as const;

export interface PyTorchStep {
  name: string;
  threads: number;
  seconds: number;
  /** The norm of every gradient, or all that Gradient Doctor tells of layers and parameters. */
  watch: (typeof watches)[number];
  device: string;
}

/** The first of the interpreters that has PyTorch, with its version. */
export async function findPyTorch(
  interpreters: readonly string[],
): Promise<{ python: string; version: string } | undefined> {
  for (const python of interpreters)
    try {
      const { stdout } = await execute(python, ['-c', 'import torch; print(torch.__version__)']);
      return { python, version: stdout.trim() };
    } catch {
      // Not there, or without PyTorch.
    }
  return undefined;
}

/** Importing PyTorch and a few steps, on a slow machine. */
const longestTurn = 180_000;

/** @returns milliseconds of every step, and the most memory that the process held */
export async function timePyTorch(
  python: string,
  { name, threads, seconds, watch, device }: PyTorchStep,
  signal: AbortSignal,
): Promise<{ milliseconds: readonly number[]; peakBytes: number }> {
  const args = [name, '--threads', threads, '--seconds', seconds, '--watch', watch, '--device', device];
  try {
    const { stdout } = await execute(python, [join(benchFolder, 'pytorch.py'), ...args.map(String)], {
      signal,
      timeout: longestTurn + 1000 * seconds,
    });
    return JSON.parse(stdout) as { milliseconds: readonly number[]; peakBytes: number };
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : '';
    throw new RunError(`PyTorch failed on ${name}: ${words || String(error)}`);
  }
}
