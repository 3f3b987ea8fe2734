/** Messages between a host (command line, extension) and its trainer process. Both ends use structured clone. */
import type { Experiment } from './experiment';
import type { Inspection } from './inspection';
import type { ProviderInfo } from './provider';
import type { RunEnd, RunHeader, StepChunk } from './run';

export interface GradientsRequest {
  experiment: Experiment;
  /** Where the .npz goes. */
  out: string;
  /** Float inputs or initializers to differentiate with respect to, instead of the parameters. */
  wrt?: readonly string[];
}

/** What a benchmark times: the step with its telemetry, without, or the forward pass alone. */
export const benchWorks = ['watched', 'unwatched', 'forward'] as const;

export interface BenchRequest {
  experiment: Experiment;
  work: (typeof benchWorks)[number];
  /** How long to repeat it. */
  seconds: number;
}

export interface BenchResult {
  /** Reading the model, differentiating it and loading it into the runtime. */
  buildMilliseconds: number;
  /** Of a step; one entry for every call of the runtime, which takes several steps. */
  milliseconds: readonly number[];
  /** Most memory that the process has held. */
  peakBytes: number;
}

export type TrainerRequest =
  | { type: 'inspect'; model: string }
  | { type: 'gradients'; request: GradientsRequest }
  | { type: 'train'; experiment: Experiment }
  | { type: 'bench'; request: BenchRequest }
  | { type: 'providers' };

export type HostMessage = { type: 'request'; id: number; request: TrainerRequest } | { type: 'cancel'; id: number };

/** What a request ends with. */
export interface TrainerResults {
  inspect: Inspection;
  gradients: { loss: number; parameters: number };
  train: RunEnd;
  bench: BenchResult;
  providers: readonly ProviderInfo[];
}

export type TrainerMessage =
  | { type: 'ready' }
  | { type: 'progress'; id: number; phase: string; fraction?: number }
  | { type: 'header'; id: number; header: RunHeader }
  | { type: 'steps'; id: number; chunk: StepChunk }
  | { type: 'result'; id: number; result: TrainerResults[keyof TrainerResults] }
  | { type: 'error'; id: number; kind: 'input' | 'run'; message: string };
