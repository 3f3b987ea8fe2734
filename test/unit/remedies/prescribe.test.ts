import assert from 'node:assert/strict';
import { InputError } from '../../../extension/protocol/errors';
import { defaultExperiment, type Experiment } from '../../../extension/protocol/experiment';
import type { Finding } from '../../../extension/protocol/finding';
import type { UpcomingTrial } from '../../../extension/protocol/prescription';
import { stepColumns, type Run } from '../../../extension/protocol/run';
import { prescribe, type Clinic } from '../../../extension/remedies/prescribe';
import type { TimedRun } from '../../../extension/remedies/trial-run';

/** A run of ten steps that ends at a loss. */
const runTo = (experiment: Experiment, loss: number): TimedRun => ({
  secondsPerStep: experiment.remedies.length > 0 ? 3 : 2,
  header: {
    model: experiment.model,
    modelHash: '',
    provider: 'cpu',
    settings: { ...experiment, batch: 1, loss: 'mse', output: 'y', mode: 'train', threads: 1 },
    layout: { layers: [], parameters: [], throughTime: [] },
    notes: [],
  },
  steps: 10,
  rows: Float32Array.from({ length: 10 * stepColumns.length }, (_, i) => (i < stepColumns.length ? 2 : loss)),
});

const vanishing: Finding = {
  symptom: 'vanishing-gradient',
  severity: 'error',
  layers: ['layers.0'],
  value: 1e-12,
  threshold: 1e-3,
  reference: 'test',
  message: 'Gradients vanish.',
};

/** A patient that is healed where `heals` says so; the clock ticks once a run. */
function clinicWhere(heals: (experiment: Experiment) => number | undefined): Clinic & { trained: Experiment[] } {
  const trained: Experiment[] = [];
  const healed = new Set<Run>();
  return {
    trained,
    train: (experiment) => {
      trained.push(experiment);
      if (experiment.remedies.some(({ id }) => id === 'lstm')) throw new InputError('There is no RNN layer.');
      const loss = experiment.remedies.length > 0 ? heals(experiment) : undefined;
      const run = runTo(experiment, loss ?? 2);
      if (loss !== undefined) healed.add(run);
      return Promise.resolve(run);
    },
    diagnose: (run) => (healed.has(run) ? [] : [vanishing]),
    now: () => trained.length,
  };
}

const has = (experiment: Experiment, id: string): boolean => experiment.remedies.some((use) => use.id === id);
const experiment: Experiment = { ...defaultExperiment('model.onnx'), steps: 10 };

describe('prescribe', () => {
  it('tries nothing on a healthy patient', async () => {
    const { trials, prescriptions } = await prescribe(
      experiment,
      { ...clinicWhere(() => undefined), diagnose: () => [] },
      { budget: 100 },
    );
    assert.deepEqual([trials, prescriptions], [[], []]);
  });

  it('shows every attempt, and why one was not made', async () => {
    const { trials } = await prescribe(
      experiment,
      clinicWhere((e) => (has(e, 'residual') ? 0.5 : undefined)),
      {
        budget: 1000,
      },
    );
    const outcome = (id: string) => trials.find(({ remedies }) => remedies[0]!.id === id)!.outcome;
    assert.equal(outcome('residual'), 'healthy');
    assert.equal(outcome('relu'), 'no-effect');
    assert.equal(outcome('lstm'), 'skipped');
  });

  it('prefers the smaller edit among those close to the best loss', async () => {
    const losses: Record<string, number> = { residual: 0.5, 'kaiming-normal': 0.55, 'batch-norm': 0.49 };
    const { prescriptions } = await prescribe(
      experiment,
      clinicWhere((e) => losses[e.remedies[0]!.id]),
      { budget: 1000 },
    );
    assert.deepEqual(
      prescriptions.map(({ remedies }) => remedies[0]!.id),
      ['kaiming-normal', 'residual', 'batch-norm'],
    );
  });

  it('does not call healthy what fails on another seed', async () => {
    const clinic = clinicWhere((e) => (has(e, 'residual') || (has(e, 'relu') && e.seed === 0) ? 0.5 : undefined));
    const { prescriptions } = await prescribe(experiment, clinic, { budget: 1000 });
    const verdict = Object.fromEntries(prescriptions.map(({ remedies, healthy }) => [remedies[0]!.id, healthy]));
    assert.deepEqual(verdict, { residual: true, relu: false });
  });

  it('does not prefer what holds on every seed and hardly lowers the loss', async () => {
    const clinic = clinicWhere((e) => (has(e, 'residual') && e.seed === 0 ? 0.1 : has(e, 'relu') ? 1.9 : undefined));
    const { prescriptions } = await prescribe(experiment, clinic, { budget: 1000 });
    const [first] = prescriptions;
    assert.deepEqual([first!.remedies[0]!.id, first!.healthy, first!.seeds], ['residual', false, [0, 1]]);
  });

  it('combines remedies where none heals alone', async () => {
    const clinic = clinicWhere((e) => (has(e, 'residual') && has(e, 'relu') ? 0.1 : undefined));
    const better: Clinic = {
      ...clinic,
      diagnose: (run) =>
        clinic.diagnose(run).map((finding) => ({
          ...finding,
          value: run.header.settings.remedies.some(({ id }) => id === 'residual' || id === 'relu') ? 1e-4 : 1e-12,
        })),
    };
    const { prescriptions } = await prescribe(experiment, better, { budget: 1000 });
    assert.deepEqual(prescriptions[0]!.remedies.map(({ id }) => id).sort(), ['relu', 'residual']);
    assert.ok(prescriptions[0]!.healthy);
  });

  it('goes on with what a remedy uncovers', async () => {
    const softmax: Finding = { ...vanishing, symptom: 'softmax-before-loss' };
    const isMended = (run: Run): boolean => run.header.settings.remedies.some(({ id }) => id === 'logits');
    const clinic = clinicWhere((e) => (has(e, 'logits') && has(e, 'residual') ? 0.1 : undefined));
    const { prescriptions } = await prescribe(
      experiment,
      { ...clinic, diagnose: (run) => (isMended(run) ? clinic.diagnose(run) : [softmax]) },
      { budget: 1000 },
    );
    assert.deepEqual(
      prescriptions[0]!.remedies.map(({ id }) => id),
      ['logits', 'residual'],
    );
  });

  it('stops at its budget and keeps what was measured', async () => {
    const { trials } = await prescribe(
      experiment,
      clinicWhere(() => undefined),
      { budget: 3 },
    );
    assert.equal(trials.filter(({ effect }) => effect).length, 3);
    assert.match(trials.at(-1)!.why, /budget/);
  });

  it('announces what it tries and how much is left', async () => {
    const upcoming: UpcomingTrial[] = [];
    const { trials } = await prescribe(
      experiment,
      clinicWhere((e) => (has(e, 'residual') ? 0.5 : undefined)),
      { budget: 1000, onUpcoming: (next) => upcoming.push(next) },
    );
    const singles = upcoming.filter(({ seed }) => seed === undefined);
    const made = trials.filter(({ why }) => !why.startsWith('Not tried'));
    assert.deepEqual(
      singles.map(({ remedies, left }) => [remedies[0]!.id, left]),
      made.map(({ remedies }, index) => [remedies[0]!.id, trials.length - index - 1]),
    );
    assert.deepEqual(
      upcoming.slice(singles.length).map(({ remedies, seed }) => [remedies[0]!.id, seed]),
      [
        ['residual', 1],
        ['residual', 2],
      ],
    );
  });

  it('stops a trial that is lost, and says so', async () => {
    const clinic = clinicWhere(() => undefined);
    const { trials } = await prescribe(
      experiment,
      {
        ...clinic,
        train: async (e, signal, isHopeless) => {
          const run = await clinic.train(e, signal);
          const early = { ...run, steps: 4 };
          return isHopeless?.(early) ? early : run;
        },
      },
      { budget: 10 },
    );
    const { outcome, why } = trials.find(({ effect }) => effect)!;
    assert.equal(outcome, 'no-effect');
    assert.match(why, /^Stopped at step 4 of 10\. Still: Gradients vanish/);
  });

  it('compares a cure with others, and then leaves the rest', async () => {
    const { trials } = await prescribe(
      experiment,
      clinicWhere(() => 0.5),
      { budget: 1000 },
    );
    const measured = trials.filter(({ effect }) => effect);
    assert.equal(measured.length, 10);
    assert.match(trials.at(-1)!.why, /others cure/);
  });

  it('goes on from a cure that leaves the loss high', async () => {
    const clinic = clinicWhere((e) => (has(e, 'residual') ? (e.optimizer.lr > 0.2 ? 0.2 : 1.8) : undefined));
    const { prescriptions } = await prescribe(experiment, clinic, { budget: 1000 });
    assert.deepEqual([prescriptions[0]!.remedies[0]!.id, prescriptions[0]!.learningRateFactor], ['residual', 3]);
  });

  it('keeps what was measured before a cancel, and judges no half of a trial', async () => {
    const cancel = new AbortController();
    const clinic = clinicWhere(() => 0.5);
    const { trials } = await prescribe(
      experiment,
      {
        ...clinic,
        train: (e, signal) => {
          if (clinic.trained.length === 3) cancel.abort();
          return clinic.train(e, signal);
        },
      },
      { budget: 1000, signal: cancel.signal },
    );
    assert.deepEqual(
      trials.slice(0, 4).map(({ outcome }) => outcome),
      ['healthy', 'healthy', 'skipped', 'skipped'],
    );
    assert.equal(trials[2]!.why, 'Cancelled.');
    assert.equal(clinic.trained.length, 4);
  });

  it('keeps the curves of every trial, and what a step costs against the baseline', async () => {
    const { trials } = await prescribe(
      experiment,
      clinicWhere(() => 0.5),
      { budget: 1000 },
    );
    const healthy = trials.find(({ outcome }) => outcome === 'healthy')!;
    assert.equal(healthy.effect!.timeStepRatio, 1.5);
    assert.deepEqual([...healthy.curves!.losses], [2, ...Array.from({ length: 9 }, () => 0.5)]);
  });
});
