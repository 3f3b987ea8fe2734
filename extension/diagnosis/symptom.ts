/** What a symptom is: a pure function from the telemetry of a run to findings. One file per symptom. */
import type { Finding, SymptomId } from '../protocol/finding';
import type { Telemetry } from '../protocol/telemetry';
import type { Translate } from '../protocol/text';

export interface Examination {
  telemetry: Telemetry;
  /** The limit that this symptom is judged by. */
  threshold: number;
  /** What the symptoms before this one in the registry have found, so that one cause is not reported twice. */
  found: readonly Finding[];
  /** Puts the sentences of findings into the language of who reads them. */
  t: Translate;
}

export interface Symptom {
  readonly id: SymptomId;
  /** The published limit. A value beyond it, below or above as the symptom has it, is a finding. */
  readonly threshold: number;
  /** Who published it. */
  readonly reference: string;
  /** Findings without what the registry knows of the symptom. */
  detect(examination: Examination): Sighting[];
}

export type Sighting = Omit<Finding, 'symptom' | 'threshold' | 'reference'> &
  Partial<Pick<Finding, 'threshold' | 'reference'>>;
