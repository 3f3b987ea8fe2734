/**
 * Messages between the host and a gradient panel. The host owns the data; a panel is a cache that may be thrown away
 * and filled again: it says `ready` (also after a reload) and gets everything it needs.
 *
 * A long run is sampled: the panel holds at most {@link panelBytes} of each run, the steps it holds are named, and the
 * host sends a coarser `full` when a run outgrows that. Exact steps are there on request (`window`).
 */
import type { Finding, SymptomId } from './finding';
import type { Curves, Effect, GradientByDepth, SearchEnd, Trial, UpcomingTrial } from './prescription';
import type { RunEnd, RunHeader } from './run';

/** How much telemetry of one run a panel holds. */
export const panelBytes = 32 * 2 ** 20;

/** How many runs a panel compares. */
export const comparedRuns = 7;

/** What the list of runs shows of each. */
export interface PanelRun {
  id: string;
  name: string;
  /** ISO 8601. */
  startedAt: string;
  /** Steps done. */
  steps: number;
  /** Absent while the run goes on. */
  end?: RunEnd;
  findings: readonly PackedFinding[];
}

/**
 * Numbers as they travel: VS Code carries messages to webviews as JSON, which turns NaN and infinities into null.
 * (Typed arrays are carried as bytes.)
 */
export type PackedNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export type PackedFinding = Omit<Finding, 'value' | 'threshold'> & { value: PackedNumber; threshold: PackedNumber };

export const packNumber = (value: number): PackedNumber =>
  Number.isFinite(value) ? value : (String(value) as PackedNumber);

export const packFinding = (finding: Finding): PackedFinding => ({
  ...finding,
  value: packNumber(finding.value),
  threshold: packNumber(finding.threshold),
});

export const unpackFinding = (finding: PackedFinding): Finding => ({
  ...finding,
  value: Number(finding.value),
  threshold: Number(finding.threshold),
});

export type PackedEffect = { readonly [Key in keyof Effect]: PackedNumber };

export const packEffect = (effect: Effect): PackedEffect => mapValues(effect, packNumber);

export const unpackEffect = (effect: PackedEffect): Effect => mapValues(effect, Number);

const mapValues = <Key extends string, From, To>(
  values: Readonly<Record<Key, From>>,
  change: (value: From) => To,
): Record<Key, To> =>
  Object.fromEntries(Object.entries<From>(values).map(([key, value]) => [key, change(value)])) as Record<Key, To>;

/** A trial as the panel lists it. */
export interface PanelTrial extends Pick<Trial, 'remedies' | 'learningRateFactor' | 'outcome' | 'why'> {
  /** Its place in the order in which trials were made; names it in messages. */
  index: number;
  effect?: PackedEffect;
  /** What the search found out about those that it prescribes. */
  prescribed?: { healthy: boolean; seeds: readonly number[] };
  /** Whether there is a source to apply it to: then the panel may send `apply`. */
  applicable: boolean;
  /** Why it cannot be written into that source. */
  refused?: string;
}

/** A search for a prescription, as far as it has come. */
export interface PanelSearch {
  /** Seconds that its trials may take. */
  budget: number;
  /** The best first. */
  trials: readonly PanelTrial[];
  /** What is being tried now. */
  upcoming?: UpcomingTrial;
  /** Absent while the search goes on. */
  end?: SearchEnd;
}

interface PackedGradient {
  layers: readonly string[];
  magnitudes: Float64Array;
}

export interface PackedCurves {
  losses: Float32Array;
  weightGradient: PackedGradient;
  activationGradient: PackedGradient;
}

const packGradient = (gradient: GradientByDepth): PackedGradient => ({
  layers: gradient.map(({ layer }) => layer),
  magnitudes: Float64Array.from(gradient, ({ magnitude }) => magnitude),
});

const unpackGradient = ({ layers, magnitudes }: PackedGradient): GradientByDepth =>
  layers.map((layer, index) => ({ layer, magnitude: magnitudes[index]! }));

export const packCurves = ({ losses, weightGradient, activationGradient }: Curves): PackedCurves => ({
  losses,
  weightGradient: packGradient(weightGradient),
  activationGradient: packGradient(activationGradient),
});

export const unpackCurves = ({ losses, weightGradient, activationGradient }: PackedCurves): Curves => ({
  losses,
  weightGradient: unpackGradient(weightGradient),
  activationGradient: unpackGradient(activationGradient),
});

/** Rows of some steps of a run: `steps.length` × `rowWidth(layout)`, row-major, steps ascending. */
export interface SampledRows {
  steps: Int32Array;
  rows: Float32Array;
}

export type HostToPanel =
  /** Answers `ready`. `texts` translate the panel's English texts; one that is missing stays English. */
  | { type: 'hello'; language: string; texts: Readonly<Record<string, string>> }
  /** All runs, the newest first; sent again whenever one is added, renamed, judged, ended or removed. */
  | { type: 'runs'; runs: readonly PanelRun[]; selected?: string }
  /** Replaces whatever the panel holds of this run. */
  | ({ type: 'full'; id: string; header: RunHeader } & SampledRows)
  /** Follows what the panel holds of this run. */
  | ({ type: 'delta'; id: string } & SampledRows)
  /** Consecutive steps, as asked for. Not to be kept beyond need. */
  | { type: 'window'; id: string; firstStep: number; rows: Float32Array }
  /** What was tried on the selected run; without `search`, nothing was. Sent again whenever there is more. */
  | { type: 'search'; id: string; search?: PanelSearch }
  /** Of a trial, as asked for, and of the run it is compared with. */
  | { type: 'curves'; id: string; trial: number; before: PackedCurves; after: PackedCurves }
  /** The run is gone. */
  | { type: 'clear'; id: string }
  /** Lay these runs beside the selected one. */
  | { type: 'compare'; ids: readonly string[] }
  /** Point out a layer; `isolate` hides all but these. */
  | { type: 'show'; layers: readonly string[]; isolate: boolean }
  /** These layers of the selected run's model are left out of training from the next run on. */
  | { type: 'frozen'; layers: readonly string[] };

export type PanelToHost =
  | { type: 'ready' }
  /** The runs whose rows the panel wants, at most {@link comparedRuns}. By default the selected one. */
  | { type: 'watch'; ids: readonly string[] }
  /** Exact rows of consecutive steps. */
  | { type: 'window'; id: string; firstStep: number; count: number }
  /** Make this run the one that all views show. */
  | { type: 'select'; id: string }
  /** Select the layer in the layers tree. */
  | { type: 'layer'; layer: string }
  /** Open the line that creates the layer. */
  | { type: 'source'; layer: string }
  | { type: 'freeze'; layer: string; frozen: boolean }
  /** Open the handbook page of a symptom. */
  | { type: 'explain'; symptom: SymptomId }
  /** Open the handbook page of a remedy. */
  | { type: 'explainRemedy'; remedy: string }
  /** The curves of a trial, for before and after. */
  | { type: 'curves'; id: string; trial: number }
  /** Apply what a trial tried to the source; only where it is `applicable`. */
  | { type: 'apply'; id: string; trial: number }
  /** Open the run and what a trial changed as an experiment notebook. */
  | { type: 'notebook'; id: string; trial: number }
  | { type: 'command'; command: PanelCommand }
  /** A file that the panel made (PNG, SVG, CSV), for the user to save. */
  | { type: 'save'; name: string; content: Uint8Array | string };

/** What a panel may ask the editor to do. */
export const panelCommands = [
  'diagnose',
  'diagnoseSample',
  'prescribeRun',
  'stop',
  'exportRun',
  'openInEditor',
] as const;
export type PanelCommand = (typeof panelCommands)[number];
