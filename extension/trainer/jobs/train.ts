/** Trains an experiment and streams its rows. */
import { setImmediate } from 'node:timers/promises';
import { InputError } from '../../protocol/errors';
import type { Experiment } from '../../protocol/experiment';
import { rowWidth, stepColumn, type RunEnd } from '../../protocol/run';
import { buildTrainingGraph } from '../../training/training-graph';
import { inMode, prepare } from '../prepare';
import { chooseProvider } from '../providers';
import { TrainingSession } from '../training-session';
import type { JobContext } from './job';

/** One call of the runtime takes about this long: charts stay live, and a cancel is heard within a second. */
const callMilliseconds = 150;

/** Nor does a call take more batches than this many elements. */
const largestStack = 2 ** 24;

export async function train(experiment: Experiment, job: JobContext): Promise<RunEnd> {
  if (!Number.isInteger(experiment.steps) || experiment.steps < 1)
    throw new InputError(`${experiment.steps} steps are not possible: give a whole number from 1 on.`);
  const provider = await chooseProvider(experiment.provider);
  job.progress('Reading the model');
  const prepared = await prepare(experiment, job.runtime);
  if (isAborted(job)) return cancelled;
  const { settings, parameters, data } = prepared;
  if (!parameters.some(({ trainable }) => trainable))
    throw new InputError(`${experiment.model}: the model has no parameter to train.`);

  job.progress('Building the training graph');
  const { graph: forward, updates } = inMode(prepared);
  const training = buildTrainingGraph({
    ...settings,
    forward,
    updates,
    layers: prepared.layers,
    parameters,
    target: prepared.target,
  });
  const session = await TrainingSession.create(training, { provider, threads: settings.threads });
  try {
    job.header({ ...prepared.header, provider, settings, layout: training.layout });
    const width = rowWidth(training.layout);
    const batchElements = [...training.batches.values()].reduce(
      (sum, { type }) => sum + type.shape.reduce((a, b) => a * b, 1),
      0,
    );
    const mostSteps = Math.max(1, Math.floor(largestStack / batchElements));
    let count = 1;
    for (let step = 0; step < settings.steps;) {
      // Lets a cancel in.
      await setImmediate();
      if (isAborted(job)) return cancelled;
      const length = Math.min(count, settings.steps - step);
      const rates = Array.from({ length }, () => settings.optimizer.lr);
      const begin = performance.now();
      const rows = await session.run(step, rates, data.training.stack(step, length));
      const perStep = (performance.now() - begin) / length;
      rates.forEach((rate, i) => {
        rows[i * width + stepColumn('learningRate')] = rate;
      });
      job.steps({ firstStep: step, count: length, rows });
      step += length;
      job.progress('Training', step / settings.steps);
      count = Math.max(1, Math.min(mostSteps, 2 * length, Math.floor(callMilliseconds / perStep)));
    }
    return { kind: 'finished' };
  } finally {
    await session.release();
  }
}

const cancelled: RunEnd = { kind: 'stopped', reason: 'cancelled' };

/** A call, because the type checker takes the property for constant. */
const isAborted = ({ signal }: JobContext): boolean => signal.aborted;
