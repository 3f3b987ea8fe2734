/** Trains an experiment and streams its rows. */
import { setImmediate } from 'node:timers/promises';
import { InputError } from '../../protocol/errors';
import type { Experiment } from '../../protocol/experiment';
import { rowWidth, stepColumn, type NonFiniteSource, type RunEnd } from '../../protocol/run';
import { createSchedule, type Schedule } from '../../training/schedules';
import { buildTrainingGraph, type TrainingGraph } from '../../training/training-graph';
import { formOf } from '../channel-block';
import { uncertainOperators } from '../determinism';
import { findNonFinite } from '../non-finite';
import { placementNote } from '../placement';
import { blame, inMode, prepare, type PreparedExperiment } from '../prepare';
import { chooseProvider } from '../providers';
import { runtimeVersion } from '../runtime';
import { TrainingSession } from '../training-session';
import { Validation } from '../validation';
import { stepsForNextCall } from './call-length';
import type { JobContext } from './job';

/**
 * @throws InputError for an experiment that cannot be run, RunError where the runtime fails. A loss that is not finite
 * is no failure: it is what the user wants to see.
 */
export async function train(experiment: Experiment, job: JobContext): Promise<RunEnd> {
  if (!Number.isInteger(experiment.steps) || experiment.steps < 1)
    throw new InputError(`${experiment.steps} steps are not possible: give a whole number from 1 on.`);
  const provider = await chooseProvider(experiment.provider);
  job.progress('Reading the model');
  const prepared = await prepare(experiment, job.runtime);
  if (isAborted(job)) return cancelled;
  const { settings, parameters, layers, target, data } = prepared;
  if (!parameters.some(({ trainable }) => trainable))
    throw new InputError(`${experiment.model}: the model has no parameter to train.`);

  job.progress('Building the training graph');
  const { graph: forward, updates } = inMode(prepared, { provider });
  const form = await formOf(provider, job.runtime);
  const training = buildTrainingGraph({ ...settings, form, forward, updates, layers, parameters, target });
  const on = { provider, threads: settings.threads };
  const session = await TrainingSession.open(training, on);
  const validation =
    data.validation && (await Validation.open(prepared, data.validation, Object.keys(session.weights()), on));
  try {
    const placement = provider === 'cpu' ? undefined : await session.placement(data.training.stack(0, 1));
    const fallen = placement && placementNote(provider, placement);
    job.header({
      ...prepared.header,
      notes: [...prepared.header.notes, ...(fallen ? [fallen] : [])],
      provider,
      settings,
      layout: training.layout,
      runtimeVersion: await runtimeVersion(),
      uncertain: uncertainOperators(training.graph, provider),
    });
    return await run(prepared, training, session, validation, job);
  } finally {
    await Promise.all([session.release(), validation?.release()]);
  }
}

async function run(
  prepared: PreparedExperiment,
  training: TrainingGraph,
  session: TrainingSession,
  validation: Validation | undefined,
  job: JobContext,
): Promise<RunEnd> {
  const {
    settings,
    data: { training: data },
  } = prepared;
  const width = rowWidth(training.layout);
  const schedule = createSchedule(settings.schedule, settings.optimizer.lr, data.stepsPerEpoch);
  const epoch = new EpochLoss();
  let affordable = 1;
  let nonFinite: NonFiniteSource | undefined;
  for (let step = 0; step < settings.steps;) {
    // Lets a cancel in.
    await setImmediate();
    if (isAborted(job)) return { ...cancelled, ...(nonFinite && { nonFinite }) };

    const toEpochEnd = data.stepsPerEpoch - (step % data.stepsPerEpoch);
    const toValidation = !validation ? Infinity : schedule.listens === 'step' ? 1 : toEpochEnd;
    const count = Math.min(affordable, settings.steps - step, toValidation, schedule.certain(step));
    const rates = Array.from({ length: count }, (_, i) => schedule.rate(step + i));
    const begin = performance.now();
    const rows = await session.run(step, rates, data.stack(step, count)).catch(async (error: unknown) => {
      throw step === 0 ? await blame(error, prepared.settings, job.runtime) : error;
    });
    affordable = stepsForNextCall(training, count, performance.now() - begin);

    const last = step + count;
    const validated =
      count === toValidation || last === settings.steps ? await validation?.loss(session.weights()) : undefined;
    for (let i = 0; i < count; i++) {
      rows[i * width + stepColumn('learningRate')] = rates[i]!;
      if (i === count - 1 && validated !== undefined) rows[i * width + stepColumn('validationLoss')] = validated;
      const loss = rows[i * width + stepColumn('loss')]!;
      tell(schedule, epoch, loss, validated, (step + i + 1) % data.stepsPerEpoch === 0);
    }
    job.steps({ firstStep: step, count, rows });
    nonFinite ??= await findNonFinite(prepared, training, session, { firstStep: step, rates, rows }, job.runtime);
    job.progress('Training', last / settings.steps);
    step = last;
  }
  return { kind: 'finished', ...(nonFinite && { nonFinite }) };
}

/** Tells a schedule that listens of the loss: the validation loss where there is one, else that of the training. */
function tell(
  schedule: Schedule,
  epoch: EpochLoss,
  loss: number,
  validated: number | undefined,
  endOfEpoch: boolean,
): void {
  epoch.add(loss);
  if (schedule.listens === 'step') schedule.observe(validated ?? loss);
  if (!endOfEpoch) return;
  if (schedule.listens === 'epoch') schedule.observe(validated ?? epoch.mean());
  epoch.clear();
}

/** The mean loss of the epoch so far. */
class EpochLoss {
  private sum = 0;
  private count = 0;

  add(loss: number): void {
    this.sum += loss;
    this.count++;
  }

  mean(): number {
    return this.sum / this.count;
  }

  clear(): void {
    this.sum = this.count = 0;
  }
}

const cancelled: RunEnd = { kind: 'stopped', reason: 'cancelled' };

/** A call, because the type checker takes the property for constant. */
const isAborted = ({ signal }: JobContext): boolean => signal.aborted;
