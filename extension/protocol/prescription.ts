import type { Use } from './experiment';
import type { Finding } from './finding';

export type Outcome = 'healthy' | 'improved' | 'no-effect' | 'worse' | 'failed' | 'skipped';

/** What a trial changed, against the baseline of the same seed, data and number of steps. */
export interface Effect {
  /** 1 is healthy; every decade by which a finding misses its threshold takes away from it. */
  healthBefore: number;
  healthAfter: number;
  /** Mean loss of the last tenth of the steps. */
  lossBefore: number;
  lossAfter: number;
  /** Time of a step against the baseline's. */
  timeStepRatio: number;
  parametersAdded: number;
}

/** Gradient of each weight layer, in the order of the forward pass: its typical size over the early steps. */
export type GradientByDepth = readonly { layer: string; magnitude: number }[];

/** What is kept of a run for before/after curves. */
export interface Curves {
  /** Of every step. */
  losses: Float32Array;
  /** Root mean square of ∂L/∂weight per element. */
  weightGradient: GradientByDepth;
  /** Norm of ∂L/∂activation. */
  activationGradient: GradientByDepth;
}

/** What the search is about to measure. */
export interface UpcomingTrial {
  remedies: readonly Use[];
  learningRateFactor: number;
  /** Present where a winner is repeated on this seed. */
  seed?: number;
  /** How many are known to follow; what they show may lead to more. */
  left: number;
}

/** A run of the same experiment with remedies applied. */
export interface Trial {
  remedies: readonly Use[];
  /** The learning rate of the trial, as a multiple of the experiment's. */
  learningRateFactor: number;
  outcome: Outcome;
  /** One sentence: why it won, why it lost, or why it was not tried. */
  why: string;
  effect?: Effect;
  findings: readonly Finding[];
  /** Absent where nothing was measured. */
  curves?: Curves;
}

/** A remedy with its measured effect. */
export interface Prescription extends Trial {
  effect: Effect;
  /** Held on every seed it was repeated on. */
  healthy: boolean;
  seeds: readonly number[];
}

/** A search for a prescription, as far as it has come. */
export interface Search {
  /** Seconds that its trials may take. */
  budget: number;
  baseline?: Curves;
  /** Every attempt, in the order they were made. */
  trials: readonly Trial[];
  /** The good ones, best first; empty until the search has ended. */
  prescriptions: readonly Prescription[];
  /** Absent while the search goes on. */
  end?: SearchEnd;
}

export type SearchEnd = { kind: 'finished' } | { kind: 'stopped'; reason: string } | { kind: 'failed'; reason: string };
