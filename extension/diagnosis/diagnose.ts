/** From a run to findings. */
import type { Finding, Severity, SymptomId } from '../protocol/finding';
import type { Run } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { english, type Translate } from '../protocol/text';
import { symptoms } from './symptoms';

/** Limits of the user's own, by symptom, in place of the published ones. */
export type Thresholds = Readonly<Partial<Record<SymptomId, number>>>;

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2 };

/**
 * What is wrong with the network, as far as this run shows it; the gravest first. A run that is still going can be
 * diagnosed: the findings are those of the steps so far.
 * @param t the language of their sentences; English for files and terminals
 */
export function diagnose(run: Run, thresholds: Thresholds = {}, t: Translate = english): Finding[] {
  if (run.steps === 0) return [];
  const telemetry = new Telemetry(run);
  const found: Finding[] = [];
  for (const symptom of symptoms) {
    const override = thresholds[symptom.id];
    const threshold = override ?? symptom.threshold;
    const reference = override === undefined ? symptom.reference : 'your settings';
    for (const sighting of symptom.detect({ telemetry, threshold, found, t }))
      found.push({ symptom: symptom.id, threshold, reference, ...sighting });
  }
  return found.sort((a, b) => rank[a.severity] - rank[b.severity]);
}
