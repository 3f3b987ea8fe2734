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

export type TrainerRequest =
  | { type: 'inspect'; model: string }
  | { type: 'gradients'; request: GradientsRequest }
  | { type: 'train'; experiment: Experiment }
  | { type: 'providers' };

export type HostMessage = { type: 'request'; id: number; request: TrainerRequest } | { type: 'cancel'; id: number };

/** What a request ends with. */
export interface TrainerResults {
  inspect: Inspection;
  gradients: { loss: number; parameters: number };
  train: RunEnd;
  providers: readonly ProviderInfo[];
}

export type TrainerMessage =
  | { type: 'ready' }
  | { type: 'progress'; id: number; phase: string; fraction?: number }
  | { type: 'header'; id: number; header: RunHeader }
  | { type: 'steps'; id: number; chunk: StepChunk }
  | { type: 'result'; id: number; result: TrainerResults[keyof TrainerResults] }
  | { type: 'error'; id: number; kind: 'input' | 'run'; message: string };
