/**
 * What watching costs: the time of a training step with full telemetry, without, and of three forward passes.
 * `node out/test/bench/training-step.js [--threads N] MODEL.onnx…`. Best of twelve; with one thread the CPU time of the
 * process, which other processes disturb little, else the time on the clock.
 */
import { defaultExperiment } from '../../extension/protocol/experiment';
import { inMode, prepare } from '../../extension/trainer/prepare';
import { createRuntime } from '../../extension/trainer/runtime';
import { Session } from '../../extension/trainer/session';
import { TrainingSession } from '../../extension/trainer/training-session';
import { buildTrainingGraph } from '../../extension/training/training-graph';

const stepsPerCall = 8;
const repetitions = 12;

const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function measure(model: string, threads: number): Promise<void> {
  const now = threads === 1 ? cpuTime : () => performance.now();
  const prepared = await prepare({ ...defaultExperiment(model), threads }, createRuntime());
  const { graph: forward, updates } = inMode(prepared);
  const { settings, layers, parameters, target, data } = prepared;
  const on = { provider: 'cpu', threads };
  const open = (telemetry: boolean) =>
    TrainingSession.open(
      buildTrainingGraph({ ...settings, forward, updates, layers, parameters, target, telemetry }),
      on,
    );
  const [watched, blind, inference] = [await open(true), await open(false), await Session.open(forward, on)];
  const batches = data.training.stack(0, stepsPerCall);
  const first = data.training.stack(0, 1);
  const feeds = Object.fromEntries(
    forward.inputs.map(({ name }) => {
      const { dtype, shape, data: values } = first.get(name)!;
      return [name, inference.tensor({ dtype, shape: shape.slice(1), data: values })];
    }),
  );
  const rates = Array<number>(stepsPerCall).fill(0.01);
  const contenders = {
    watched: () => watched.run(0, rates, batches),
    blind: () => blind.run(0, rates, batches),
    forward: async () => {
      for (let i = 0; i < stepsPerCall; i++) await inference.run(feeds);
    },
  };
  const best = { watched: Infinity, blind: Infinity, forward: Infinity };
  for (let repetition = 0; repetition < repetitions; repetition++)
    for (const name of Object.keys(contenders) as (keyof typeof contenders)[]) {
      const begin = now();
      await contenders[name]();
      best[name] = Math.min(best[name], (now() - begin) / stepsPerCall);
    }
  console.log(
    `${model}: step ${best.watched.toFixed(2)} ms, without telemetry ${best.blind.toFixed(2)} ms, three forward passes ` +
      `${(3 * best.forward).toFixed(2)} ms; telemetry adds ${(100 * (best.watched / best.blind - 1)).toFixed(1)} %`,
  );
  await Promise.all([watched.release(), blind.release(), inference.release()]);
}

async function main(): Promise<void> {
  const [flag, value, ...rest] = process.argv.slice(2);
  const stated = flag === '--threads';
  for (const model of stated ? rest : process.argv.slice(2)) await measure(model, stated ? Number(value) : 1);
}

void main();
