/**
 * What a cell of an experiment notebook leaves behind, as JSON of {@link outputMime}. It holds everything that the run
 * depended on; times stand under keys that begin with `time`, so that two outputs compare after dropping those.
 */
import type { ParameterValue } from './experiment';
import type { PackedFinding, PackedNumber } from './panel-messages';
import type { Outcome } from './prescription';
import type { LayerInfo, ResolvedSettings, RunEnd, TelemetryLayout, UncertainOperator } from './run';
import type { Packed, StoredSeries } from './stored-series';

export const outputMime = 'application/vnd.gradient-doctor.run+json';
export const outputSchema = 1;

/** What a result depends on besides its cell. */
export interface Provenance {
  /** Relative to the notebook. */
  model: string;
  /** SHA-256 of the model file, hexadecimal. */
  modelHash: string;
  /** Digest of what the cell said, which tells whether it was changed since. */
  cellDigest?: string;
  /** SHA-256 of the data file, where there is one. */
  dataHash?: string;
  provider: string;
  /** Every setting with its default filled in; paths relative to the notebook. */
  settings: ResolvedSettings;
  versions: { gradientDoctor: string; onnxRuntime?: string };
  /** Operating system and processor. */
  platform: string;
  /** Operators that may give other bits in another run; empty where the run repeats bit for bit. */
  uncertain: readonly UncertainOperator[];
}

export interface RunOutput extends Provenance {
  schema: typeof outputSchema;
  kind: 'run';
  name: string;
  layers: readonly LayerInfo[];
  throughTime: readonly { layer: string; length: number }[];
  /** Numbers that are trained. */
  weights: number;
  /** Steps done. */
  steps: number;
  series: StoredSeries;
  findings: readonly PackedFinding[];
  notes: readonly string[];
  /** Absent while the run goes on. */
  end?: RunEnd;
  /** ISO 8601. */
  timeStarted: string;
  /** Seconds, from the start of the cell on. */
  timeElapsed: number;
  /** Seconds that the steps took, without what comes before the first. */
  timeSteps: number;
}

export interface CompareOutput {
  schema: typeof outputSchema;
  kind: 'compare';
  runs: readonly RunOutput[];
  /** Names of runs whose cell is no longer what was run. */
  outdated: readonly string[];
}

export interface SweepPoint {
  /** One of each axis. */
  values: readonly (ParameterValue | null)[];
  findings: readonly PackedFinding[];
  end: RunEnd;
  steps: number;
  /** Mean of the last tenth of the losses. */
  loss: PackedNumber;
  /** Smallest against largest gradient of the weights among the layers, over the early steps. */
  gradientRatio: PackedNumber;
  losses: StoredCurve;
  /** Seconds. */
  timeElapsed: number;
}

export interface StoredCurve {
  steps: Packed;
  values: Packed;
}

export interface SweepOutput extends Partial<Provenance> {
  schema: typeof outputSchema;
  kind: 'sweep';
  /** Name of the experiment that is varied. */
  run: string;
  axes: readonly { path: string; values: readonly (ParameterValue | null)[] }[];
  /** Those done so far, the last axis fastest. */
  points: readonly SweepPoint[];
  timeStarted: string;
  timeElapsed: number;
}

export interface StoredUse {
  id: string;
  parameters: Readonly<Record<string, ParameterValue>>;
  units?: readonly string[];
}

export interface StoredTrial {
  remedies: readonly StoredUse[];
  learningRateFactor: number;
  outcome: Outcome;
  why: string;
  effect?: Readonly<
    Record<
      'healthBefore' | 'healthAfter' | 'lossBefore' | 'lossAfter' | 'timeStepRatio' | 'parametersAdded',
      PackedNumber
    >
  >;
  findings: readonly PackedFinding[];
  losses?: StoredCurve;
}

export interface StoredPrescription extends StoredTrial {
  healthy: boolean;
  seeds: readonly number[];
}

export interface PrescribeOutput {
  schema: typeof outputSchema;
  kind: 'prescribe';
  /** Name of the run that is treated. */
  run: string;
  /** Seconds that trials might take. */
  budget: number;
  baseline?: RunOutput;
  trials: readonly StoredTrial[];
  /** The good ones, best first; absent until the search is over. */
  prescriptions?: readonly StoredPrescription[];
  timeStarted: string;
  timeElapsed: number;
}

export type CellOutput = RunOutput | CompareOutput | SweepOutput | PrescribeOutput;

const arrays: Readonly<Record<CellOutput['kind'], readonly string[]>> = {
  run: ['layers', 'throughTime', 'findings', 'notes', 'uncertain'],
  compare: ['runs', 'outdated'],
  sweep: ['axes', 'points'],
  prescribe: ['trials'],
};

/** The output that this JSON is, or undefined for what another version or hand has written. */
export function readOutput(data: unknown): CellOutput | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  const fields = data as Record<string, unknown>;
  const kind = fields['kind'] as CellOutput['kind'];
  if (fields['schema'] !== outputSchema || !Object.hasOwn(arrays, kind)) return undefined;
  if (!arrays[kind].every((name) => Array.isArray(fields[name]))) return undefined;
  if (kind === 'run' && !isRun(fields)) return undefined;
  if (kind === 'compare' && !(fields['runs'] as unknown[]).every((run) => readOutput(run)?.kind === 'run'))
    return undefined;
  return data as CellOutput;
}

function isRun({ series, settings }: Record<string, unknown>): boolean {
  const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  return isObject(settings) && isObject(series) && typeof series['steps'] === 'string' && isObject(series['ofLayer']);
}

/** The layout that charts need; the columns of single parameters are not stored. */
export function layoutOf({ layers, throughTime }: Pick<RunOutput, 'layers' | 'throughTime'>): TelemetryLayout {
  return { layers, parameters: [], throughTime: throughTime.map((one) => ({ ...one, offset: 0 })) };
}
