/** What a run is worth: how healthy it is, how far its loss came, and what a trial changed of both. */
import { activationGradientProfile, weightGradientProfile } from '../diagnosis/depth-profile';
import { percentile } from '../diagnosis/statistics';
import type { Finding, SymptomId } from '../protocol/finding';
import type { Curves, Effect, Outcome } from '../protocol/prescription';
import { rowWidth, stepColumn, type Run } from '../protocol/run';
import { Telemetry } from '../protocol/telemetry';
import { english, type Translate } from '../protocol/text';
import type { TimedRun } from './trial-run';

/** What is kept of a run: its rows are too many to keep those of every trial. */
export interface Assessment {
  findings: readonly Finding[];
  health: number;
  /** Mean of the last tenth of the losses; NaN where one of them is not finite. */
  loss: number;
  /** Mean of the first few losses. */
  initialLoss: number;
  curves: Curves;
  secondsPerStep: number;
  parameters: number;
}

export function assess(run: TimedRun, findings: readonly Finding[]): Assessment {
  const curves = curvesOf(run);
  const { losses } = curves;
  return {
    findings,
    health: healthOf(findings),
    loss: lossAfter(losses),
    initialLoss: mean(losses.subarray(0, 1)),
    curves,
    secondsPerStep: run.secondsPerStep,
    parameters: run.header.layout.parameters.reduce((sum, { size }) => sum + size, 0),
  };
}

export function curvesOf(run: Run): Curves {
  const telemetry = new Telemetry(run);
  return {
    losses: lossesOf(run),
    weightGradient: weightGradientProfile(telemetry).points,
    activationGradient: activationGradientProfile(telemetry).points,
  };
}

function lossesOf(run: Run): Float32Array {
  const width = rowWidth(run.header.layout);
  return Float32Array.from({ length: run.steps }, (_, step) => run.rows[step * width + stepColumn('loss')]!);
}

/** Mean of the last tenth. */
const lossAfter = (losses: Float32Array): number =>
  mean(losses.subarray(Math.min(losses.length - 1, Math.floor(losses.length * 0.9))));

/** What the loss was after so many steps. */
const lossAt = ({ curves: { losses } }: Assessment, steps: number): number => lossAfter(losses.subarray(0, steps));

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** 1 without findings worth a warning; each takes away by the decades between its value and its threshold. */
export function healthOf(findings: readonly Finding[]): number {
  const illness = findings
    .filter(({ severity }) => severity !== 'information')
    .reduce((sum, finding) => sum + (finding.severity === 'error' ? 2 : 1) * decadesBeyond(finding), 0);
  return 1 / (1 + illness);
}

function decadesBeyond({ value, threshold }: Finding): number {
  const decades = Math.abs(Math.log10(Math.abs(value) / Math.abs(threshold)));
  // A finding is never worth nothing, and none is worth more than a gradient that is not a number.
  return Number.isFinite(decades) ? Math.min(10, Math.max(0.1, decades)) : 10;
}

export const isHealthy = ({ findings }: Pick<Assessment, 'findings'>): boolean =>
  findings.every(({ severity }) => severity === 'information');

/** Of a trial that was stopped early, against the baseline's loss at that step. */
export const effectOf = (baseline: Assessment, trial: Assessment): Effect => ({
  healthBefore: baseline.health,
  healthAfter: trial.health,
  lossBefore: lossAt(baseline, trial.curves.losses.length),
  lossAfter: trial.loss,
  timeStepRatio: trial.secondsPerStep / baseline.secondsPerStep,
  parametersAdded: trial.parameters - baseline.parameters,
});

/** The loss that training started from: of the two the smaller, since a bad start is no merit. */
export const startOf = (baseline: Assessment, trial: Assessment): number =>
  Math.min(...[baseline.initialLoss, trial.initialLoss].filter(Number.isFinite));

/** As far down as this share of the start, a training goes well. */
const goodShare = 0.5;

/** Healthy, and the loss came at least half of the way to zero. */
export const isGood = (baseline: Assessment, trial: Assessment): boolean =>
  isHealthy(trial) && trial.loss <= goodShare * startOf(baseline, trial);

/**
 * A run that cannot become healthy any more: what is judged on the early steps alone is still an error there, or the
 * loss has left its start far behind.
 */
export function isHopeless(run: Run, findings: readonly Finding[]): boolean {
  const losses = lossesOf(run);
  const leaves = mean(losses.subarray(-farSteps)) > farFactor * losses[0]!;
  return leaves || findings.some(({ symptom, severity }) => severity === 'error' && ofEarlySteps.has(symptom));
}

const ofEarlySteps: ReadonlySet<SymptomId> = new Set([
  'vanishing-gradient',
  'exploding-gradient',
  'vanishing-through-time',
  'exploding-through-time',
  'poor-initialization',
  'softmax-before-loss',
]);
const farSteps = 5;
const farFactor = 100;

/** Less than this of {@link scaleOf} is no difference. */
const noticeable = 0.05;

/** What losses are large or small against: the loss that training started from, or in a quarter of the steps, where that start was far too large. */
const scaleOf = (baseline: Assessment, trial: Assessment): number => {
  const usual = percentile([...baseline.curves.losses].filter(Number.isFinite), 0.75);
  return Math.abs(Math.min(startOf(baseline, trial), usual)) || 1;
};

/** What a trial came to, in one word and one sentence. A loss that ends above the baseline's is no help, whatever else is. */
export function judge(
  baseline: Assessment,
  trial: Assessment,
  t: Translate = english,
): { outcome: Outcome; why: string } {
  const worst = trial.findings.find(({ severity }) => severity !== 'information');
  if (!Number.isFinite(trial.loss))
    return { outcome: 'failed', why: worst?.message ?? t('The loss is not a finite number.') };
  const before = lossAt(baseline, trial.curves.losses.length);
  const gained = before - trial.loss;
  const scale = scaleOf(baseline, trial);
  if (Number.isFinite(before) && gained < -noticeable * scale)
    return {
      outcome: 'worse',
      why: t('The loss ends at {0} instead of {1}.', trial.loss.toPrecision(3), before.toPrecision(3)),
    };
  if (isHealthy(trial))
    return { outcome: 'healthy', why: t('No warning is left; the loss reaches {0}.', trial.loss.toPrecision(3)) };
  const better = trial.health > baseline.health * 1.1 || !Number.isFinite(before) || gained > noticeable * scale;
  if (better)
    return { outcome: 'improved', why: worst ? t('Still: {0}', worst.message) : t('The loss falls further.') };
  if (trial.health < baseline.health / 1.1) return { outcome: 'worse', why: worst?.message ?? t('The loss rises.') };
  return { outcome: 'no-effect', why: worst ? t('Still: {0}', worst.message) : t('Nothing noticeable changes.') };
}
