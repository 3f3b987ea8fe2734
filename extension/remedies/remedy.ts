/** What a remedy is: one solution of the catalogue, as something that can be tried on a model. One file per remedy. */
import type { z } from 'zod';
import type { Experiment, ParameterValue } from '../protocol/experiment';
import type { SymptomId } from '../protocol/finding';
import type { Patient } from './patient';

/** The order in which the guide tries remedies: architecture, then optimizer settings, then fine tuning. */
export const tiers = ['architecture', 'optimizer', 'fine-tuning'] as const;
export type Tier = (typeof tiers)[number];

/** Which kind of solution a remedy is; the handbook and the search group remedies by it. */
export type RemedyFamily =
  | 'clipping'
  | 'initialization'
  | 'normalization'
  | 'learning-rate'
  | 'activation'
  | 'skip'
  | 'gate'
  | 'attention'
  | 'output';

export type RemedyParameters = Readonly<Record<string, ParameterValue>>;

export interface Remedy<P extends RemedyParameters = RemedyParameters> {
  readonly id: string;
  readonly family: RemedyFamily;
  readonly tier: Tier;
  readonly against: readonly SymptomId[];
  /** Validates parameters and fills in their defaults. */
  readonly parameters: z.ZodType<P>;
  /** How much of the source its edit changes, for choosing the smallest of two that help alike: 1 is one line. */
  readonly editSize: number;
  /** Whether it changes what the network computes; such an edit is a refactoring, never part of a fix-all. */
  readonly changesNetwork: boolean;
  /** Whether its edit is one call for the whole network: it is not tried on single units of it. */
  readonly isIndivisible?: boolean;
  /** Whether `schedule:` and `--schedule` take it. */
  readonly isSchedule?: boolean;
  /**
   * Rewrites the model in place, restricted to `units` where given.
   * @throws DoesNotFit with the reason where there is nothing that it applies to.
   */
  transform?(patient: Patient, parameters: P, units?: readonly string[]): void | Promise<void>;
  /** Changes how the model is trained. */
  configure?(experiment: Experiment, parameters: P): Experiment;
}

/** Keeps the parameters of a remedy typed inside its file, and open in the registry. */
export const defineRemedy = <P extends RemedyParameters>(remedy: Remedy<P>): Remedy => remedy;

/** The remedy does not apply to this model. The message says why, for the table of trials. */
export class DoesNotFit extends Error {
  override readonly name = 'DoesNotFit';
}
