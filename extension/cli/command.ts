/** What a command of the command line is given. Adding a command is one file here and one line in `commands.ts`. */
import type { Command } from 'commander';
import type { RequestOptions, Trainer } from '../trainer/host';
import type { Terminal } from './terminal';

/** What computes: the trainer process. */
export type Engine = Pick<Trainer, 'inspect' | 'gradients' | 'train' | 'bench' | 'providers' | 'dispose'>;

export interface CommandContext {
  engine: Engine;
  terminal: Terminal;
  /** The folder of the shim that captures models (see `capture/`). */
  shim: string;
  /** Of this program. */
  version: string;
  /** To hand to the engine: ends with the user's interrupt, shows its progress. */
  request: RequestOptions & { signal: AbortSignal };
  /** What the process ends with where nothing is thrown; see {@link exitCodes}. */
  exitCode: number;
}

export const exitCodes = { done: 0, findings: 1, badInput: 2, runFailed: 3, interrupted: 130 } as const;

export type RegisterCommand = (program: Command, context: CommandContext) => void;
