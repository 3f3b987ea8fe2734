/**
 * How the cost of training grows: with depth, width, batch, steps and the number of layers that are told about.
 * `node out/test/bench/scaling.js [--charts FOLDER]` prints, for each, times and the exponent p of time ∝ size^p over the
 * larger half of the sizes, and draws a chart of it. One thread and CPU time, which other processes disturb little.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GraphBuilder, type Value } from '../../extension/onnx/builder';
import { emptyGraph } from '../../extension/onnx/graph';
import { sizeOf, tensor, type Tensor, type TensorType } from '../../extension/onnx/tensor';
import { defaultOptimizer } from '../../extension/protocol/experiment';
import type { LayerInfo } from '../../extension/protocol/run';
import { TrainingSession } from '../../extension/trainer/training-session';
import { buildTrainingGraph, type TrainingRequest } from '../../extension/training/training-graph';
import type { Line, LineFigure } from '../../webview/charts/figure';
import { paper, svgOf } from '../../webview/charts/svg';

interface Network {
  depth: number;
  width: number;
  batch: number;
}

const usual: Network = { depth: 8, width: 64, batch: 32 };

const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const values = (type: TensorType, scale: number): Tensor =>
  tensor(
    type.dtype as 'float32',
    type.shape,
    Array.from({ length: sizeOf(type.shape) }, (_, i) => scale * Math.sin(i * i + 1)),
  );

const batchOf = ({ batch, width }: Network): TensorType => ({ dtype: 'float32', shape: [batch, width] });

/** Layers of a matrix product, a bias and a tanh, in which gradients neither vanish nor explode. */
function network(size: Network, telemetry: boolean): TrainingRequest {
  const { depth, width } = size;
  const g = new GraphBuilder(emptyGraph('network'));
  const type = batchOf(size);
  let x = g.input('x', type.dtype, type.shape);
  const layers: { info: LayerInfo; output: string }[] = [];
  const parameters: string[] = [];
  for (let layer = 0; layer < depth; layer++) {
    const weight = (name: string, ...shape: number[]): Value => {
      const { name: unique } = g.initializer(name, values({ dtype: 'float32', shape }, Math.sqrt(2 / width)));
      parameters.push(unique);
      return g.value(unique);
    };
    const [w, b] = [weight(`${layer}.weight`, width, width), weight(`${layer}.bias`, width)];
    x = g.unary('Tanh', g.gemm(x, w, { transB: true, c: b }));
    const info: LayerInfo = { name: `${layer}`, op: 'Gemm', kind: 'linear', parameters: [w.name, b.name] };
    layers.push({ info, output: x.name });
  }
  g.output(x);
  return {
    forward: g.graph,
    layers,
    parameters: parameters.map((name) => {
      const { shape } = g.value(name);
      return { name, shape, size: sizeOf(shape), trainable: true };
    }),
    loss: 'mse',
    output: x.name,
    target: type,
    optimizer: defaultOptimizer('sgd'),
    telemetry,
  };
}

/** The least of several times, in milliseconds. */
async function least(run: () => unknown, repetitions: number): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < repetitions; i++) {
    const begin = cpuTime();
    await run();
    best = Math.min(best, cpuTime() - begin);
  }
  return best;
}

/** One call that takes so many steps. */
async function timeSteps(size: Network, telemetry: boolean, steps: number): Promise<number> {
  const training = buildTrainingGraph(network(size, telemetry));
  const session = await TrainingSession.open(training, { provider: 'cpu', threads: 1 });
  try {
    const type = batchOf(size);
    const stack = values({ ...type, shape: [steps, ...type.shape] }, 1);
    const batches = new Map([...training.batches.keys()].map((name) => [name, stack]));
    const call = () => session.run(0, Array<number>(steps).fill(0.01), batches);
    await call();
    const once = await least(call, 3);
    return await least(call, Math.max(5, Math.min(100, Math.round(300 / Math.max(1, once)))));
  } finally {
    await session.release();
  }
}

const stepsPerCall = 8;

const perStep = async (size: Network): Promise<Record<string, number>> => ({
  'with telemetry': (await timeSteps(size, true, stepsPerCall)) / stepsPerCall,
  without: (await timeSteps(size, false, stepsPerCall)) / stepsPerCall,
});

interface Sweep {
  name: string;
  title: string;
  /** What is on the horizontal axis. */
  size: string;
  time: string;
  points: readonly number[];
  measure: (point: number) => Promise<Record<string, number>>;
}

const sweeps: readonly Sweep[] = [
  {
    name: 'depth',
    title: 'A training step against depth (width 64, batch 32)',
    size: 'layers',
    time: 'ms per step',
    points: [4, 8, 16, 32, 64, 128],
    measure: (depth) => perStep({ ...usual, depth }),
  },
  {
    name: 'width',
    title: 'A training step against width (8 layers, batch 32)',
    size: 'weights per layer',
    time: 'ms per step',
    points: [64, 128, 192, 256, 320, 384].map((width) => width ** 2),
    measure: (weights) => perStep({ ...usual, width: Math.sqrt(weights) }),
  },
  {
    name: 'batch',
    title: 'A training step against the batch (8 layers, width 64)',
    size: 'samples per batch',
    time: 'ms per step',
    points: [16, 32, 64, 128, 256, 512],
    measure: (batch) => perStep({ ...usual, batch }),
  },
  {
    name: 'steps',
    title: 'A call of the runtime against its steps (8 layers, width 64, batch 32)',
    size: 'steps per call',
    time: 'ms per call',
    points: [1, 8, 16, 32, 64, 128],
    measure: async (steps) => ({
      'with telemetry': await timeSteps(usual, true, steps),
      without: await timeSteps(usual, false, steps),
    }),
  },
  {
    name: 'layers',
    title: 'Building and loading the training graph against the layers that are told about',
    size: 'layers',
    time: 'ms',
    points: [50, 100, 200, 400],
    measure: async (depth) => {
      const request = network({ ...usual, depth, width: 8 }, true);
      const build = await least(() => buildTrainingGraph(request), 5);
      const training = buildTrainingGraph(request);
      const load = await least(async () => {
        const session = await TrainingSession.open(training, { provider: 'cpu', threads: 1 });
        await session.release();
      }, 3);
      return { build, load };
    },
  },
];

/** The slope of log y over log x, by least squares over the larger half of the points. */
function exponent(x: readonly number[], y: readonly number[]): number {
  const from = Math.floor(x.length / 2) - 1;
  const [u, v] = [x, y].map((list) => list.slice(from).map(Math.log));
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [mu, mv] = [mean(u!), mean(v!)];
  const product = u!.reduce((sum, value, i) => sum + (value - mu) * (v![i]! - mv), 0);
  return product / u!.reduce((sum, value) => sum + (value - mu) ** 2, 0);
}

function figureOf({ title, size, time, points }: Sweep, lines: ReadonlyMap<string, readonly number[]>): LineFigure {
  const most = Math.max(...[...lines.values()].flat());
  const colors = ['#0969da', '#cf222e'];
  return {
    kind: 'lines',
    title,
    x: { label: size, scale: 'linear', min: 0, max: points.at(-1)! },
    y: { label: time, scale: 'linear', min: 0, max: 1.05 * most },
    lines: [...lines].map(([label, y], i): Line => ({
      label,
      color: colors[i]!,
      x: points,
      y,
      length: points.length,
      points: () => colors[i]!,
    })),
  };
}

async function main(): Promise<void> {
  const at = process.argv.indexOf('--charts');
  const folder = at < 0 ? undefined : process.argv[at + 1]!;
  if (folder !== undefined) await mkdir(folder, { recursive: true });
  for (const sweep of sweeps) {
    const lines = new Map<string, number[]>();
    for (const point of sweep.points)
      for (const [name, milliseconds] of Object.entries(await sweep.measure(point)))
        lines.set(name, [...(lines.get(name) ?? []), milliseconds]);
    console.log(`${sweep.title}\n  ${sweep.size}: ${sweep.points.join(', ')}`);
    for (const [name, times] of lines)
      console.log(
        `  ${name}, ${sweep.time}: ${times.map((time) => time.toFixed(2)).join(', ')}; ` +
          `∝ ${sweep.size}^${exponent(sweep.points, times).toFixed(2)}`,
      );
    if (folder !== undefined)
      await writeFile(
        join(folder, `${sweep.name}.svg`),
        `${svgOf(figureOf(sweep, lines), { ...paper, width: 560, height: 280 })}\n`,
      );
  }
}

void main();
