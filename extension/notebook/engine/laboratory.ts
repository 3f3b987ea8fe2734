/** What cells are run in: the notebook around them, and what trains. The same for the editor and the command line. */
import type { Experiment } from '../../protocol/experiment';
import type { CellOutput } from '../../protocol/notebook-output';
import type { RunEnd, RunHeader, StepChunk } from '../../protocol/run';
import type { Translate } from '../../protocol/text';
import type { TrainOptions } from '../../trainer/host';

/** A cell of the notebook as it stands. */
export interface LabCell {
  text: string;
  /** Of its last run. */
  output?: CellOutput;
}

/** Where a run is kept besides the notebook: the runs of the gradient panel. */
export interface RunKeeper {
  steps(chunk: StepChunk): void;
  end(end: RunEnd): Promise<void>;
}

export interface Laboratory {
  /** Of the notebook: paths in cells start here. */
  folder: string;
  /** All cells that can be run, in order; other cells refer to runs by their names. */
  cells: readonly LabCell[];
  trainer: { train: (experiment: Experiment, options: TrainOptions) => Promise<RunEnd> };
  /** Execution provider of cells that name none. */
  provider: string;
  /** Of this program. */
  version: string;
  signal: AbortSignal;
  /** Is shown the output while it grows, never oftener than is good for whom draws it. */
  onOutput?(output: CellOutput): void;
  onProgress?(message: string, fraction?: number): void;
  /** For what is told while a cell runs; results are in English. */
  t: Translate;
  /** Asked once per experiment cell, when the run begins. @returns the keeper and the moment it begins, ISO 8601 */
  keep?(name: string, header: RunHeader): { keeper: RunKeeper; started: Promise<string> };
  /** The interpreter for a script; where left out, what is found. */
  python?: (script: string) => Promise<string>;
  /** The folder of the shim that captures models (see `capture/`). */
  shim: string;
}
