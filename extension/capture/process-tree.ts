/** A command with everything that it starts: its lines are passed on, and all of it ends when it must. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileTrouble } from '../protocol/errors';

export interface TreeOptions {
  cwd: string;
  environment?: Readonly<Record<string, string>>;
  /** Ends the tree. */
  signal?: AbortSignal;
  /** After so long the tree is ended. */
  timeoutSeconds: number;
  /** Receives what is printed, line by line. */
  log?: (line: string) => void;
}

export type TreeEnd =
  | { kind: 'exited'; code: number | null; signal: NodeJS.Signals | null }
  | { kind: 'timeout' }
  | { kind: 'cancelled' }
  /** The command could not be started. */
  | { kind: 'unstartable'; why: string };

export function runTree(command: string, args: readonly string[], options: TreeOptions): Promise<TreeEnd> {
  const { cwd, environment, signal, timeoutSeconds, log } = options;
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve({ kind: 'cancelled' });
      return;
    }
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, to be ended as a whole; Windows ends trees by another way.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    let early: TreeEnd | undefined;
    const stop = (end: TreeEnd): void => {
      early ??= end;
      killTree(child.pid);
    };
    const onAbort = (): void => {
      stop({ kind: 'cancelled' });
    };
    const timer = setTimeout(() => {
      stop({ kind: 'timeout' });
    }, timeoutSeconds * 1000);
    const settle = (end: TreeEnd): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(early ?? end);
    };
    signal?.addEventListener('abort', onAbort);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        log?.(line);
      });
    child.on('error', (error) => {
      settle({ kind: 'unstartable', why: fileTrouble(error) });
    });
    // What the command has left behind would hold its pipes open.
    child.on('exit', () => {
      killTree(child.pid);
    });
    child.on('close', (code, endSignal) => {
      settle({ kind: 'exited', code, signal: endSignal });
    });
  });
}

function killTree(pid: number | undefined): void {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of it is gone already.
  }
}
