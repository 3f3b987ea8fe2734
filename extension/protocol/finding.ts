export const symptomIds = [
  'vanishing-gradient',
  'exploding-gradient',
  'non-finite',
  'dead-units',
  'saturated-units',
  'no-update',
  'loss-not-decreasing',
  'oscillating-loss',
  'poor-initialization',
  'update-ratio',
  'vanishing-through-time',
  'exploding-through-time',
  'ineffective-clipping',
  'softmax-before-loss',
] as const;
export type SymptomId = (typeof symptomIds)[number];

export type Severity = 'error' | 'warning' | 'information';

/** A symptom seen in a run. A finding is a number with a source: the value, the threshold, and who set the threshold. */
export interface Finding {
  symptom: SymptomId;
  severity: Severity;
  /** Layer names, the worst first. */
  layers: readonly string[];
  value: number;
  threshold: number;
  /** Who published the threshold. */
  reference: string;
  message: string;
}
