/**
 * How fast a training step is. Contenders take turns, each in a process of its own: two thread pools that spin at the
 * same time starve each other. Ratios of medians; what else the machine does disturbs all alike.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../diagnosis/statistics';
import { InputError, RunError } from '../protocol/errors';
import { defaultExperiment, defaultOptimizer } from '../protocol/experiment';
import { benchWorks, type BenchResult } from '../protocol/trainer-messages';
import { benchModels, writeBenchModel } from './bench-models';
import { findPyTorch, timePyTorch, watches } from './bench-pytorch';
import type { CommandContext, RegisterCommand } from './command';
import { jsonOption, list, numberAtLeast, threadCount, wholeNumber, type OutputOptions } from './options';
import { table, type Column } from './table';

interface BenchOptions extends OutputOptions {
  models?: string[];
  rounds: number;
  seconds: number;
  minutes: number;
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

/** A contender that failed is absent. */
interface ModelResult {
  model: string;
  /** The step with its telemetry, without it, and one forward pass. */
  watched?: Measured;
  unwatched?: Measured;
  forward?: Measured;
  /** Building the training graph and loading it. */
  timeBuildMilliseconds?: number;
  /** PyTorch's step with the norm of every gradient, and with hooks on every layer. */
  norms?: Measured;
  layers?: Measured;
  failures: string[];
}

export const registerBench: RegisterCommand = (program, context) => {
  const command = program
    .command('bench')
    .description('time of a training step against its forward pass, and against PyTorch where a Python has it')
    .option('--models <names>', 'some of the models, with commas between', list)
    .option('--rounds <n>', 'how often contenders take turns', wholeNumber(1), 3)
    .option('--seconds <s>', 'time of each turn', numberAtLeast(0, { beyond: true }), 1.5)
    .option('--minutes <m>', 'time of all: later rounds are left out', numberAtLeast(0, { beyond: true }), 15)
    .option('--threads <n>', 'threads of both', threadCount)
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
  await checkProvider(options.ep, context);
  const folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-bench-'));
  const results: ModelResult[] = [];
  const names = options.models ?? benchModels();
  const end = performance.now() + 60_000 * options.minutes;
  try {
    for (const [i, name] of names.entries()) {
      const model = await writeBenchModel(name, folder);
      const share = (end - performance.now()) / (names.length - i);
      results.push(await measureModel(name, model, share, { ...options, threads }, pyTorch?.python, context));
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
    for (const failure of results.flatMap(({ failures }) => failures)) terminal.print(`\n${failure}`);
  }
}

/** Before PyTorch is timed for nothing. */
async function checkProvider(id: string, { engine, request }: CommandContext): Promise<void> {
  if (id === 'cpu' || id === 'auto') return;
  const providers = await engine.providers(request);
  const found = providers.find((provider) => provider.id === id);
  const known = ['auto', ...providers.map((provider) => provider.id)].join(', ');
  if (!found) throw new InputError(`There is no execution provider "${id}": choose ${known}.`);
  if (!found.usable) throw new RunError(`The execution provider "${id}" is not usable here: ${found.why ?? 'unknown'}`);
}

/** What one turn of a contender gives; PyTorch builds no graph. */
type Turn = Omit<BenchResult, 'buildMilliseconds'> & Partial<BenchResult>;

/** @param milliseconds in which another round may begin */
async function measureModel(
  name: string,
  model: string,
  milliseconds: number,
  { rounds, seconds, threads, ep }: BenchOptions & { threads: number },
  python: string | undefined,
  { engine, terminal, request }: CommandContext,
): Promise<ModelResult> {
  const { signal } = request;
  const experiment = {
    ...defaultExperiment(model),
    // As in bench/pytorch.py. Networks that diverge are timed on numbers that are not finite, which are measured twice.
    optimizer: { ...defaultOptimizer('sgd'), lr: 1e-3 },
    provider: ep,
    threads,
    mode: 'train' as const,
    loss: 'cross-entropy' as const,
  };
  const device = ep === 'cuda' ? 'cuda' : 'cpu';
  const contenders = new Map<string, () => Promise<Turn>>();
  for (const work of benchWorks) contenders.set(work, () => engine.bench({ experiment, work, seconds }, { signal }));
  if (python !== undefined)
    for (const watch of watches)
      contenders.set(watch, () => timePyTorch(python, { name, threads, seconds, watch, device }, signal));
  const turns = new Map([...contenders.keys()].map((key): [string, Turn[]] => [key, []]));
  const failures = new Map<string, string>();
  const begin = performance.now();
  for (let round = 1; round <= rounds && !isAborted(signal); round++) {
    const left = milliseconds - (performance.now() - begin);
    if (round > 1 && left < (performance.now() - begin) / (round - 1)) break;
    for (const [key, run] of contenders) {
      if (failures.has(key)) continue;
      terminal.progress(`${name}: ${key}, round ${round} of ${rounds} …`);
      try {
        turns.get(key)!.push(await run());
      } catch (error) {
        if (isAborted(signal)) throw error;
        failures.set(key, `${name}, ${key}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const measured = [...turns].flatMap(([key, its]) => (its.length > 0 ? [[key, summary(its)] as const] : []));
  const builds = turns.get('watched')!.map(({ buildMilliseconds }) => buildMilliseconds!);
  return {
    model: name,
    ...Object.fromEntries(measured),
    ...(builds.length > 0 && { timeBuildMilliseconds: median(builds) }),
    failures: [...failures.values()],
  };
}

/** A call, because the type checker takes the property for constant. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

const summary = (turns: readonly Turn[]): Measured => ({
  timeMilliseconds: median(turns.map(({ milliseconds }) => median(milliseconds))),
  peakBytes: median(turns.map(({ peakBytes }) => peakBytes)),
});

const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

const speedUp = ({ watched, norms }: ModelResult): number[] =>
  norms && watched ? [norms.timeMilliseconds / watched.timeMilliseconds] : [];

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
  const cell = (value: number, digits: number, unit = ''): string =>
    Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : '';
  const [step, blind, pass] = [watched, unwatched, forward].map((each) => each?.timeMilliseconds ?? NaN);
  const against = (other: Measured | undefined): string[] => [
    cell(other?.timeMilliseconds ?? NaN, 1),
    cell((other?.timeMilliseconds ?? NaN) / step!, 2, ' ×'),
  ];
  const peak = watched?.peakBytes ?? NaN;
  return [
    model,
    cell(step!, 1),
    cell(100 * (step! / blind! - 1), 1, ' %'),
    cell(step! / (3 * pass!), 2, ' ×'),
    ...against(norms),
    ...against(layers),
    cell(peak / 1e6, 0),
    cell(peak / (norms?.peakBytes ?? NaN), 2, ' ×'),
    cell(timeBuildMilliseconds ?? NaN, 0),
  ];
}

const markdown = (rows: readonly (readonly string[])[]): string =>
  [columns.map(({ head }) => head), columns.map(({ align }) => (align === 'right' ? '---:' : '---')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
