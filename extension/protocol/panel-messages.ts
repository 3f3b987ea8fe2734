/**
 * Messages between the host and a gradient panel. The host owns the data; a panel is a cache that may be thrown away
 * and filled again: it says `ready` (also after a reload) and gets everything it needs.
 *
 * A long run is sampled: the panel holds at most {@link panelBytes} of each run, the steps it holds are named, and the
 * host sends a coarser `full` when a run outgrows that. Exact steps are there on request (`window`).
 */
import type { Finding, SymptomId } from './finding';
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
  /** The run is gone. */
  | { type: 'clear'; id: string }
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
  | { type: 'command'; command: PanelCommand }
  /** A file that the panel made (PNG, SVG, CSV), for the user to save. */
  | { type: 'save'; name: string; content: Uint8Array | string };

/** What a panel may ask the editor to do. */
export const panelCommands = ['diagnose', 'diagnoseSample', 'stop', 'exportRun', 'openInEditor'] as const;
export type PanelCommand = (typeof panelCommands)[number];
