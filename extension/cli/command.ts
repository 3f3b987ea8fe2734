/** What a command of the command line is given. Adding a command is one file here and one line in `commands.ts`. */
import type { Command } from 'commander';
import type { Experiment } from '../protocol/experiment';
import type { Inspection } from '../protocol/inspection';
import type { ProviderInfo } from '../protocol/provider';
import type { RunEnd, RunHeader, StepChunk } from '../protocol/run';
import type { GradientsRequest, TrainerResults } from '../protocol/trainer-messages';
import type { Terminal } from './terminal';

/** What a request tells before it is answered. */
export interface RequestOptions {
  signal?: AbortSignal;
  progress?(phase: string, fraction?: number): void;
}

export interface TrainOptions extends RequestOptions {
  header?(header: RunHeader): void;
  steps?(chunk: StepChunk): void;
}

/** What computes: the trainer process. */
export interface Engine {
  inspect(model: string, options?: RequestOptions): Promise<Inspection>;
  gradients(request: GradientsRequest, options?: RequestOptions): Promise<TrainerResults['gradients']>;
  train(experiment: Experiment, options?: TrainOptions): Promise<RunEnd>;
  providers(options?: RequestOptions): Promise<readonly ProviderInfo[]>;
  dispose(): Promise<void>;
}

export interface CommandContext {
  engine: Engine;
  terminal: Terminal;
  /** To hand to the engine: ends with the user's interrupt, shows its progress. */
  request: RequestOptions & { signal: AbortSignal };
  /** What the process ends with where nothing is thrown; see {@link exitCodes}. */
  exitCode: number;
}

export const exitCodes = { done: 0, findings: 1, badInput: 2, runFailed: 3, interrupted: 130 } as const;

export type RegisterCommand = (program: Command, context: CommandContext) => void;
