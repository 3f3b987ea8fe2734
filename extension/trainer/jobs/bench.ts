/** Times the training step of an experiment, without streaming what it measures. */
import { setImmediate } from 'node:timers/promises';
import { GraphBuilder } from '../../onnx/builder';
import type { BenchRequest, BenchResult } from '../../protocol/trainer-messages';
import { buildTrainingGraph } from '../../training/training-graph';
import { formOf } from '../channel-block';
import { firstBatch, inMode, prepare } from '../prepare';
import { chooseProvider } from '../providers';
import { Session } from '../session';
import { TrainingSession } from '../training-session';
import { stepsForNextCall } from './call-length';
import type { JobContext } from './job';

/** Before the clock runs: the runtime plans its memory in the first calls. */
const warmUpCalls = 3;
const fewestCalls = 5;

/** @throws InputError for an experiment that cannot be run, RunError where the runtime fails or the host cancels. */
export async function bench({ experiment, work, seconds }: BenchRequest, job: JobContext): Promise<BenchResult> {
  const provider = await chooseProvider(experiment.provider);
  const begin = performance.now();
  const prepared = await prepare(experiment, job.runtime);
  const { graph: forward, updates } = inMode(prepared, { provider });
  const { settings, layers, parameters, target, data } = prepared;
  const form = await formOf(provider, job.runtime);
  const on = { provider, threads: settings.threads };
  let step: () => Promise<number>;
  let release: () => Promise<void>;
  if (work === 'forward') {
    form.finish?.(new GraphBuilder(forward));
    const session = await Session.open(forward, on);
    const feeds = Object.fromEntries(
      [...firstBatch(prepared)].flatMap(([name, value]) =>
        forward.inputs.some((input) => input.name === name) ? [[name, session.tensor(value)]] : [],
      ),
    );
    step = () => session.run(feeds).then(() => 1);
    release = () => session.release();
  } else {
    const telemetry = work === 'watched';
    const training = buildTrainingGraph({
      ...settings,
      form,
      forward,
      updates,
      layers,
      parameters,
      target,
      telemetry,
    });
    const session = await TrainingSession.open(training, on);
    // Ends the profile, too, which costs time.
    if (provider !== 'cpu') await session.placement(data.training.stack(0, 1));
    let taken = 0;
    let count = 1;
    step = async () => {
      const start = performance.now();
      const steps = count;
      await session.run(taken, Array<number>(steps).fill(settings.optimizer.lr), data.training.stack(taken, steps));
      taken += steps;
      count = stepsForNextCall(training, steps, performance.now() - start);
      return steps;
    };
    release = () => session.release();
  }
  const buildMilliseconds = performance.now() - begin;
  try {
    for (let call = 0; call < warmUpCalls; call++) await step();
    const milliseconds: number[] = [];
    const end = performance.now() + 1000 * seconds;
    while ((performance.now() < end || milliseconds.length < fewestCalls) && !job.signal.aborted) {
      await setImmediate();
      const start = performance.now();
      const steps = await step();
      milliseconds.push((performance.now() - start) / steps);
    }
    return { buildMilliseconds, milliseconds, peakBytes: 1024 * process.resourceUsage().maxRSS };
  } finally {
    await release();
  }
}
