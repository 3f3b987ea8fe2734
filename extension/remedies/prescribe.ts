/**
 * The search for a prescription: a baseline, single remedies in the guide's order, combinations of the best, and the
 * winner again on other seeds. Every attempt is kept, with what it measured or why it was not made.
 */
import { InputError } from '../protocol/errors';
import type { Experiment, Use } from '../protocol/experiment';
import type { Finding } from '../protocol/finding';
import type { Prescription, Trial, UpcomingTrial } from '../protocol/prescription';
import type { Run } from '../protocol/run';
import { english, type Translate } from '../protocol/text';
import { candidates, usesOf } from './candidates';
import { narrowed } from './narrowing';
import { tiers } from './remedy';
import { assess, effectOf, isGood, isHealthy, isHopeless, judge, startOf, type Assessment } from './score';
import type { TimedRun } from './trial-run';
import { findRemedy } from './index';

export { statedExperiment } from './stated';

/** What the search needs of the world around it. */
export interface Clinic {
  /** @throws InputError where a remedy has nothing to apply to. */
  train(
    experiment: Experiment,
    signal: AbortSignal | undefined,
    /** Asked once, early: whether the rest is not worth its time. */
    isHopeless?: (soFar: Run) => boolean,
  ): Promise<TimedRun>;
  diagnose(run: Run): readonly Finding[];
  /** Seconds since some moment. */
  now(): number;
}

export interface PrescribeOptions {
  /** Seconds that trials may take. The baseline and the repetition of the winner come on top. */
  budget: number;
  signal?: AbortSignal;
  onBaseline?(run: Run, findings: readonly Finding[]): void;
  /** Called before a trial is run, and before a winner is repeated. */
  onUpcoming?(upcoming: UpcomingTrial): void;
  onTrial?(trial: Trial): void;
  /** The language of the sentences about trials; English for files and terminals. */
  t?: Translate;
}

export interface PrescribeResult {
  baseline: { run: Run; findings: readonly Finding[] };
  trials: readonly Trial[];
  /** The good ones, best first. */
  prescriptions: readonly Prescription[];
}

/** Learning rates that an architecture remedy is tried at besides: a new architecture wants its own (design decision 9). */
const otherFactors = [0.3, 3] as const;

/** How many are carried on: to other learning rates, and into combinations; and how many remedies are combined at most. */
const beamWidth = 4;
const mostRemedies = 3;

/** With a good cure at hand and so many trials to compare it with, the search is over. */
const enoughTrials = 10;

/** So many of the leading cures are tried on single units. */
const narrowedLeaders = 2;

/** Seeds that a winner is repeated on. */
const repetitions = [1, 2] as const;

/** Within this much of the best loss the smaller edit wins. */
const closeToBest = 0.1;

interface Attempt {
  trial: Trial;
  /** Absent where the trial did not run to an end. */
  assessment?: Assessment;
}

export async function prescribe(
  experiment: Experiment,
  clinic: Clinic,
  options: PrescribeOptions,
): Promise<PrescribeResult> {
  const { signal, t = english } = options;
  const { run, assessment: baseline } = await measure(experiment, clinic, signal);
  options.onBaseline?.(run, baseline.findings);
  const attempts: Attempt[] = [];
  const result = (prescriptions: readonly Prescription[]): PrescribeResult => ({
    baseline: { run, findings: baseline.findings },
    trials: attempts.map(({ trial }) => trial),
    prescriptions,
  });
  if (isHealthy(baseline) || signal?.aborted) return result([]);

  const deadline = clinic.now() + options.budget;
  const over = (): boolean => clinic.now() >= deadline || (signal?.aborted ?? false);
  const isCured = (): boolean => attempts.some(({ assessment }) => assessment && isGood(baseline, assessment));
  const isEnough = (): boolean =>
    isCured() && attempts.filter(({ assessment }) => assessment !== undefined).length >= enoughTrials;
  const keep = (made: Attempt): Attempt => {
    attempts.push(made);
    options.onTrial?.(made.trial);
    return made;
  };
  const tryAnyway = async (uses: readonly Use[], factor: number, left: number): Promise<Attempt> =>
    keep(await tryOut(experiment, { remedies: uses, learningRateFactor: factor, left }, baseline, clinic, options));
  const attempt = async (uses: readonly Use[], factor: number, left: number): Promise<Attempt> => {
    const reason = signal?.aborted
      ? t('Cancelled.')
      : over()
        ? t('The time budget was used up.')
        : isEnough()
          ? t('Not tried: others cure already.')
          : undefined;
    return reason ? keep({ trial: skipped(uses, factor, reason) }) : tryAnyway(uses, factor, left);
  };
  const attemptAtRates = async (uses: readonly Use[], factors: readonly number[], left: number): Promise<void> => {
    for (const [index, factor] of factors.entries()) {
      if (isCured() || over()) break;
      const { trial } = await attempt(uses, factor, left + factors.length - index - 1);
      // What did not fit once never will.
      if (trial.outcome === 'skipped') break;
    }
  };

  // Every single remedy is seen at the experiment's own learning rate before any is tried at another one.
  const singles = candidates(baseline.findings, run.header.layout.layers).flatMap((remedy) =>
    usesOf(remedy, experiment, run),
  );
  for (const [index, use] of singles.entries()) await attempt([use], 1, singles.length - index - 1);
  const architectures = ranked(attempts.filter(({ trial }) => isArchitecture(trial.remedies))).slice(0, beamWidth);
  for (const [index, { trial }] of architectures.entries())
    await attemptAtRates(trial.remedies, otherFactors, (architectures.length - index - 1) * otherFactors.length);
  for (const uses of combinations(attempts)) {
    if (isCured() || over()) break;
    await attemptAtRates(uses, isArchitecture(uses) ? [1, ...otherFactors] : [1], 0);
  }
  // What one remedy uncovers has a remedy of its own: behind a softmax that was taken out, a network shows its other ills.
  const known = new Set(singles.map(({ id }) => id));
  const base = isCured() ? undefined : basisOf(attempts);
  for (const remedy of base ? candidates(base.assessment!.findings, run.header.layout.layers) : []) {
    if (known.has(remedy.id)) continue;
    for (const use of usesOf(remedy, experiment, run)) {
      if (isCured() || over()) break;
      await attempt([...base!.trial.remedies, use], 1, 0);
    }
  }
  // A cure of the whole network may be the cure of one statement in it.
  const leaders = smallestOfTheBest(healthyOf(attempts), baseline).slice(0, narrowedLeaders);
  const narrower = leaders.flatMap(({ trial: { remedies, learningRateFactor } }) =>
    narrowed(remedies, run, baseline.findings).map((uses) => [uses, learningRateFactor] as const),
  );
  for (const [index, [uses, factor]] of narrower.entries()) {
    if (over()) break;
    const made = await tryAnyway(uses, factor, narrower.length - index - 1);
    if (smallestOfTheBest(healthyOf(attempts), baseline)[0] === made) break;
  }
  return result(await confirmed(experiment, attempts, baseline, clinic, options));
}

/** What to build on where nothing cures: a mistake of the model that was mended, or else the best that helps. */
const basisOf = (attempts: readonly Attempt[]): Attempt | undefined =>
  attempts.find(({ trial, assessment }) => assessment && findRemedy(trial.remedies[0]!.id)?.family === 'output') ??
  ranked(attempts.filter(({ trial }) => trial.outcome === 'improved' || trial.outcome === 'healthy'))[0];

const isArchitecture = (uses: readonly Use[]): boolean =>
  uses.some(({ id }) => findRemedy(id)?.tier === 'architecture');

async function measure(
  experiment: Experiment,
  clinic: Clinic,
  signal: AbortSignal | undefined,
  stopsEarly?: (soFar: Run) => boolean,
): Promise<{ run: Run; assessment: Assessment }> {
  const run = await clinic.train(experiment, signal, stopsEarly);
  return { run, assessment: assess(run, clinic.diagnose(run)) };
}

const skipped = (remedies: readonly Use[], learningRateFactor: number, why: string): Trial => ({
  remedies,
  learningRateFactor,
  outcome: 'skipped',
  why,
  findings: [],
});

async function tryOut(
  experiment: Experiment,
  upcoming: UpcomingTrial,
  baseline: Assessment,
  clinic: Clinic,
  options: PrescribeOptions,
): Promise<Attempt> {
  const { signal, t = english } = options;
  const { remedies, learningRateFactor } = upcoming;
  options.onUpcoming?.(upcoming);
  try {
    const { run, assessment } = await measure(
      treated(experiment, remedies, learningRateFactor),
      clinic,
      signal,
      (soFar) => isHopeless(soFar, clinic.diagnose(soFar)),
    );
    // The steps before a cancel say nothing of the whole.
    if (signal?.aborted) return { trial: skipped(remedies, learningRateFactor, t('Cancelled.')) };
    const verdict = judge(baseline, assessment, t);
    const early = run.steps < experiment.steps;
    const why = early ? t('Stopped at step {0} of {1}. {2}', run.steps, experiment.steps, verdict.why) : verdict.why;
    // Half of a run heals nobody.
    const outcome = early && verdict.outcome === 'healthy' ? 'improved' : verdict.outcome;
    const { findings, curves } = assessment;
    const effect = effectOf(baseline, assessment);
    return { trial: { remedies, learningRateFactor, outcome, why, effect, findings, curves }, assessment };
  } catch (error) {
    if (signal?.aborted) return { trial: skipped(remedies, learningRateFactor, t('Cancelled.')) };
    const why = error instanceof Error ? error.message : String(error);
    // The trainer says of a remedy that does not fit that the experiment cannot be run.
    const outcome = error instanceof InputError ? 'skipped' : 'failed';
    return { trial: { ...skipped(remedies, learningRateFactor, why), outcome } };
  }
}

/** The experiment with remedies and learning rate of a trial. */
export const treated = (experiment: Experiment, uses: readonly Use[], factor: number): Experiment => ({
  ...experiment,
  remedies: [...experiment.remedies, ...uses],
  optimizer: { ...experiment.optimizer, lr: experiment.optimizer.lr * factor },
});

/** Combinations of the best single remedy of each family, in the guide's order; pairs first. */
function* combinations(attempts: readonly Attempt[]): Generator<readonly Use[]> {
  const families = new Set<string>();
  const best = ranked(attempts.filter(({ trial }) => trial.outcome === 'improved' || trial.outcome === 'healthy'))
    .map(({ trial }) => trial.remedies[0]!)
    .filter(({ id }) => {
      const family = findRemedy(id)!.family;
      return !families.has(family) && families.add(family);
    })
    .slice(0, beamWidth);
  const inOrder = (a: Use, b: Use): number =>
    tiers.indexOf(findRemedy(a.id)!.tier) - tiers.indexOf(findRemedy(b.id)!.tier);
  let beam: readonly Use[][] = best.map((use) => [use]);
  for (let size = 2; size <= mostRemedies; size++) {
    beam = beam.flatMap((uses) => best.slice(best.indexOf(uses.at(-1)!) + 1).map((use) => [...uses, use]));
    yield* beam.map((uses) => uses.toSorted(inOrder));
  }
}

/** Best first: health, then loss. */
const ranked = (attempts: readonly Attempt[]): Attempt[] =>
  attempts
    .filter(({ assessment }) => assessment !== undefined)
    .sort((a, b) => b.assessment!.health - a.assessment!.health || a.assessment!.loss - b.assessment!.loss);

/** A remedy on one unit changes less than anywhere it fits, and more than a remedy that changes less by its nature. */
const editSize = ({ remedies, learningRateFactor }: Trial): number =>
  remedies.reduce(
    (sum, { id, units }) => sum + (findRemedy(id)?.editSize ?? 1) - (units ? 0.5 : 0),
    learningRateFactor === 1 ? 0 : 1,
  );

const healthyOf = (attempts: readonly Attempt[]): Attempt[] =>
  attempts.filter(({ trial }) => trial.outcome === 'healthy');

/** The good attempts, best first, the leading healthy ones repeated on other seeds until one holds. */
async function confirmed(
  experiment: Experiment,
  attempts: readonly Attempt[],
  baseline: Assessment,
  clinic: Clinic,
  options: PrescribeOptions,
): Promise<Prescription[]> {
  const improved = ranked(attempts.filter(({ trial }) => trial.outcome === 'improved'));
  const ordered = smallestOfTheBest(healthyOf(attempts), baseline);
  const { best, start } = reachOf(ordered, baseline);
  const prescriptions: Prescription[] = [];
  let holding: Prescription | undefined;
  for (const { trial, assessment } of ordered) {
    // What holds on every seed and hardly lowers the loss is no better than what lowers it and fails on one.
    const isRepeated = !holding && !options.signal?.aborted && assessment!.loss <= (start + best) / 2;
    const seeds = [experiment.seed];
    let held = true;
    for (const [index, repetition] of (isRepeated ? repetitions : []).entries()) {
      const seed = experiment.seed + repetition;
      const { remedies, learningRateFactor } = trial;
      const left = repetitions.length - index - 1;
      const again = await tryOut(
        { ...experiment, seed },
        { remedies, learningRateFactor, seed, left },
        baseline,
        clinic,
        options,
      );
      if (options.signal?.aborted) break;
      held &&= again.trial.outcome === 'healthy';
      seeds.push(seed);
      if (!held) break;
    }
    const prescription = { ...trial, effect: trial.effect!, healthy: held, seeds };
    prescriptions.push(prescription);
    if (held && seeds.length > 1) holding = prescription;
  }
  prescriptions.sort((a, b) => Number(b === holding) - Number(a === holding));
  return [
    ...prescriptions,
    ...improved.map(({ trial }) => ({ ...trial, effect: trial.effect!, healthy: false, seeds: [experiment.seed] })),
  ];
}

/** The best loss of the attempts, and the loss that training started from. */
const reachOf = (attempts: readonly Attempt[], baseline: Assessment): { best: number; start: number } => ({
  best: Math.min(...attempts.map(({ assessment }) => assessment!.loss)),
  start: Math.min(...attempts.map(({ assessment }) => startOf(baseline, assessment!))),
});

/** Those close to the best loss by the size of their edit, then the others by loss. */
function smallestOfTheBest(attempts: readonly Attempt[], baseline: Assessment): Attempt[] {
  const { best, start } = reachOf(attempts, baseline);
  // A share of how far the loss came, since a loss of zero has no neighbourhood of ten per cent.
  const limit = best + closeToBest * Math.max(Math.abs(best), Math.abs(start - best));
  const close = ({ assessment }: Attempt): boolean => assessment!.loss <= limit;
  return [...attempts].sort(
    (a, b) =>
      Number(close(b)) - Number(close(a)) ||
      (close(a) ? editSize(a.trial) - editSize(b.trial) : 0) ||
      a.assessment!.loss - b.assessment!.loss,
  );
}
