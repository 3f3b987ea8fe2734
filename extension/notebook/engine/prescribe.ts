import { diagnose } from '../../diagnosis/diagnose';
import {
  outputSchema,
  type PrescribeOutput,
  type RunOutput,
  type StoredPrescription,
  type StoredTrial,
} from '../../protocol/notebook-output';
import { packFinding, packNumber } from '../../protocol/panel-messages';
import type { Effect, Prescription, Trial } from '../../protocol/prescription';
import type { Run } from '../../protocol/run';
import { trialName } from '../../protocol/trial-ranking';
import { prescribe } from '../../remedies/prescribe';
import { runTrial } from '../../remedies/trial-run';
import type { PrescribeCell } from '../cell-schema';
import { storeCurve } from '../store-series';
import { asError, stated, type Outcome } from './experiment';
import type { Laboratory } from './laboratory';
import { stopwatch } from './live';
import { provenanceOf } from './provenance';
import { fileBytes, Recorder } from './recorder';
import { findExperiment, runName } from './references';

export const defaultBudget = 60;
const curvePoints = 64;

export async function runPrescribe(
  { prescribe: { run, budget = defaultBudget } }: PrescribeCell,
  lab: Laboratory,
): Promise<Outcome<PrescribeOutput>> {
  const { cell } = findExperiment(lab.cells, run);
  const experiment = await stated(cell, lab);
  const elapsed = stopwatch();
  const timeStarted = new Date().toISOString();
  let baseline: RunOutput | undefined;
  const trials: StoredTrial[] = [];
  const output = (prescriptions?: readonly StoredPrescription[]): PrescribeOutput => ({
    schema: outputSchema,
    kind: 'prescribe',
    run,
    budget,
    baseline,
    trials: [...trials],
    ...(prescriptions ? { prescriptions } : {}),
    timeStarted,
    timeElapsed: elapsed(),
  });
  lab.onProgress?.(lab.t('Measuring the baseline'));
  try {
    const result = await prescribe(
      experiment,
      {
        train: (one, signal, isHopeless) => runTrial(lab.trainer, one, signal, isHopeless),
        diagnose,
        now: () => performance.now() / 1000,
      },
      {
        budget,
        signal: lab.signal,
        onUpcoming: (upcoming) => {
          lab.onProgress?.(lab.t('Trying {0}', trialName(upcoming)));
        },
        onTrial: (trial) => {
          trials.push(storeTrial(trial));
          lab.onOutput?.(output());
        },
      },
    );
    baseline = await storeRun(result.baseline.run, runName(cell), lab, timeStarted, elapsed);
    return { output: output(result.prescriptions.map(storePrescription)) };
  } catch (thrown) {
    const error = asError(thrown);
    return { error, ...(trials.length > 0 ? { output: output() } : {}) };
  }
}

/** Like the output of an experiment cell, in less room. */
async function storeRun(run: Run, name: string, lab: Laboratory, started: string, elapsed: () => number) {
  const recorder = new Recorder(
    run.header,
    name,
    await provenanceOf(run.header, lab.folder, lab.version),
    started,
    elapsed,
    lab.folder,
  );
  recorder.add({ firstStep: 0, count: run.steps, rows: run.rows });
  recorder.end = run.end;
  return recorder.output(fileBytes / 2);
}

const storeTrial = ({ remedies, learningRateFactor, outcome, why, effect, findings, curves }: Trial): StoredTrial => ({
  remedies,
  learningRateFactor,
  outcome,
  why,
  ...(effect ? { effect: storeEffect(effect) } : {}),
  findings: findings.map(packFinding),
  ...(curves ? { losses: storeCurve(curves.losses, curvePoints) } : {}),
});

const storeEffect = (effect: Effect): NonNullable<StoredTrial['effect']> => ({
  healthBefore: packNumber(effect.healthBefore),
  healthAfter: packNumber(effect.healthAfter),
  lossBefore: packNumber(effect.lossBefore),
  lossAfter: packNumber(effect.lossAfter),
  timeStepRatio: packNumber(effect.timeStepRatio),
  parametersAdded: packNumber(effect.parametersAdded),
});

const storePrescription = ({ healthy, seeds, ...trial }: Prescription): StoredPrescription => ({
  ...storeTrial(trial),
  healthy,
  seeds,
});
