/**
 * How fast a training step is. Contenders take turns, each in a process of its own: two thread pools that spin at the
 * same time starve each other. Ratios of medians; what else the machine does disturbs all alike.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../diagnosis/statistics';
import { InputError, RunError } from '../protocol/errors';
import { defaultExperiment } from '../protocol/experiment';
import { benchWorks, type BenchResult } from '../protocol/trainer-messages';
import { benchModels, writeBenchModel } from './bench-models';
import { findPyTorch, timePyTorch, watches } from './bench-pytorch';
import type { CommandContext, RegisterCommand } from './command';
import { jsonOption, list, numberAtLeast, wholeNumber, type OutputOptions } from './options';
import { table, type Column } from './table';

interface BenchOptions extends OutputOptions {
  models?: string[];
  rounds: number;
  seconds: number;
  threads?: number;
  ep: string;
  python?: string;
  pytorch: boolean;
  markdown?: true;
}

/** Medians over all rounds. */
interface Measured {
  timeMilliseconds: number;
  peakBytes: number;
}

interface ModelResult {
  model: string;
  /** The step with its telemetry, without it, and one forward pass. */
  watched: Measured;
  unwatched: Measured;
  forward: Measured;
  /** Building the training graph and loading it. */
  timeBuildMilliseconds: number;
  /** PyTorch's step with the norm of every gradient, and with hooks on every layer. */
  norms?: Measured;
  layers?: Measured;
}

export const registerBench: RegisterCommand = (program, context) => {
  const command = program
    .command('bench')
    .description('time of a training step against its forward pass, and against PyTorch where a Python has it')
    .option('--models <names>', 'some of the models, with commas between', list)
    .option('--rounds <n>', 'how often contenders take turns', wholeNumber(1), 3)
    .option('--seconds <s>', 'time of each turn', numberAtLeast(0, { beyond: true }), 2)
    .option('--threads <n>', 'threads of both', wholeNumber(1))
    .option('--ep <id>', 'execution provider', 'cpu')
    .option('--python <path>', 'the Python to find PyTorch in (default: python3 or python)')
    .option('--no-pytorch', 'leave PyTorch out')
    .option('--markdown', 'print the table in Markdown');
  jsonOption(command).action(async (options: BenchOptions) => {
    await runBench(options, context);
  });
};

async function runBench(options: BenchOptions, context: CommandContext): Promise<void> {
  const { terminal, request } = context;
  const threads = options.threads ?? availableParallelism();
  const interpreters = options.python === undefined ? ['python3', 'python'] : [options.python];
  const pyTorch = options.pytorch ? await findPyTorch(interpreters) : undefined;
  if (!pyTorch && options.pytorch && options.python !== undefined)
    throw new InputError(`${options.python}: no Python with PyTorch.`);
  const folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-bench-'));
  const results: ModelResult[] = [];
  try {
    for (const name of options.models ?? benchModels()) {
      const model = await writeBenchModel(name, folder);
      results.push(await measureModel(name, model, { ...options, threads }, pyTorch?.python, context));
      if (request.signal.aborted) throw new RunError('Interrupted.');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const machine = {
    processor: cpus()[0]?.model ?? 'unknown',
    threads,
    provider: options.ep,
    pyTorch: pyTorch?.version,
  };
  if (options.json) terminal.printJson({ machine, models: results });
  else {
    const rows = results.map(cellsOf);
    terminal.print(options.markdown ? markdown(rows) : table(columns, rows));
    const mean = geometricMean(results.flatMap(speedUp));
    if (Number.isFinite(mean))
      terminal.print(`\nAgainst PyTorch ${machine.pyTorch ?? ''}: ${mean.toFixed(2)} × its speed (geometric mean).`);
  }
}

async function measureModel(
  name: string,
  model: string,
  { rounds, seconds, threads, ep }: BenchOptions & { threads: number },
  python: string | undefined,
  { engine, terminal, request }: CommandContext,
): Promise<ModelResult> {
  const own: Record<string, BenchResult[]> = {};
  const theirs: Record<string, Omit<BenchResult, 'buildMilliseconds'>[]> = {};
  const experiment = {
    ...defaultExperiment(model),
    provider: ep,
    threads,
    mode: 'train' as const,
    loss: 'cross-entropy' as const,
  };
  for (let round = 1; round <= rounds; round++) {
    for (const work of benchWorks) {
      terminal.progress(`${name}: ${work}, round ${round} of ${rounds} …`);
      (own[work] ??= []).push(await engine.bench({ experiment, work, seconds }, { signal: request.signal }));
    }
    if (python !== undefined)
      for (const watch of watches) {
        terminal.progress(`${name}: PyTorch (${watch}), round ${round} of ${rounds} …`);
        const device = ep === 'cuda' ? 'cuda' : 'cpu';
        const step = { name, threads, seconds, watch, device };
        (theirs[watch] ??= []).push(await timePyTorch(python, step, request.signal));
      }
  }
  return {
    model: name,
    watched: summary(own.watched!),
    unwatched: summary(own.unwatched!),
    forward: summary(own.forward!),
    timeBuildMilliseconds: median(own.watched!.map(({ buildMilliseconds }) => buildMilliseconds)),
    norms: theirs.norms && summary(theirs.norms),
    layers: theirs.layers && summary(theirs.layers),
  };
}

const summary = (turns: readonly Omit<BenchResult, 'buildMilliseconds'>[]): Measured => ({
  timeMilliseconds: median(turns.map(({ milliseconds }) => median(milliseconds))),
  peakBytes: median(turns.map(({ peakBytes }) => peakBytes)),
});

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const speedUp = ({ watched, norms }: ModelResult): number[] =>
  norms ? [norms.timeMilliseconds / watched.timeMilliseconds] : [];

const columns: readonly Column[] = [
  { head: 'model' },
  { head: 'step ms', align: 'right' },
  { head: 'telemetry', align: 'right' },
  { head: '/ 3 forward', align: 'right' },
  { head: 'PyTorch, norms', align: 'right' },
  { head: 'speed', align: 'right' },
  { head: 'PyTorch, layers', align: 'right' },
  { head: 'speed', align: 'right' },
  { head: 'memory MB', align: 'right' },
  { head: '/ PyTorch', align: 'right' },
  { head: 'build ms', align: 'right' },
];

function cellsOf({ model, watched, unwatched, forward, timeBuildMilliseconds, norms, layers }: ModelResult): string[] {
  const milliseconds = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1));
  const times = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(2)} ×` : '');
  const against = (other: Measured | undefined): string[] => [
    milliseconds(other?.timeMilliseconds),
    times((other?.timeMilliseconds ?? NaN) / watched.timeMilliseconds),
  ];
  return [
    model,
    milliseconds(watched.timeMilliseconds),
    `${(100 * (watched.timeMilliseconds / unwatched.timeMilliseconds - 1)).toFixed(1)} %`,
    times(watched.timeMilliseconds / (3 * forward.timeMilliseconds)),
    ...against(norms),
    ...against(layers),
    (watched.peakBytes / 1e6).toFixed(0),
    times(watched.peakBytes / (norms?.peakBytes ?? NaN)),
    timeBuildMilliseconds.toFixed(0),
  ];
}

const markdown = (rows: readonly (readonly string[])[]): string =>
  [columns.map(({ head }) => head), columns.map(({ align }) => (align === 'right' ? '---:' : '---')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
