import type { Trial } from '../protocol/prescription';
import type { RunRecord } from './run-store';

/** How what was tried on a model gets into the source that the model was made from. */
export interface SourceEdits {
  /** Whether an edit is known that carries the trial out. */
  known(run: RunRecord, trial: Trial): boolean;
  apply(run: RunRecord, trial: Trial): Promise<void>;
}
