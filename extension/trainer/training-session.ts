/** A training graph in ONNX Runtime, with the state that it carries from call to call. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder } from '../onnx/builder';
import { emptyGraph } from '../onnx/graph';
import { sizeOf, tensor, type Tensor } from '../onnx/tensor';
import { withoutLoop } from '../training/step-loop';
import type { TrainingGraph } from '../training/training-graph';
import { readPlacement, type Placement } from './placement';
import { fromRuntime } from './runtime';
import { Session, type Feeds, type SessionSettings } from './session';

/** Profiles of this process so far, so that no two sessions write one. */
let profiles = 0;

const newProfile = (): string => join(tmpdir(), `gradient-doctor-placement-${process.pid}-${profiles++}`);

/** Graphs that a step is tried with. Each knows more of it, so that two do. */
const mostAttempts = 5;

/** Elements of the states that are kept twice. */
const mostKept = 2 ** 22;

/**
 * Execution providers whose Loop the CPU runs: there the states would go to the host and back at every step. They take
 * one step per call, and the states stay in the memory of the device.
 */
const withoutLoops: ReadonlySet<string> = new Set(['webgpu']);

export class TrainingSession {
  private states: Feeds;
  /** Before the last call; kept where that is cheap. */
  private before: Feeds | undefined;
  /** At the beginning of the run that is being taken. */
  private start: Feeds | undefined;
  private readonly retired: Session[] = [];

  private constructor(
    private training: TrainingGraph,
    private session: Session,
    private settings: SessionSettings,
  ) {
    this.states = Object.fromEntries(training.states.map(({ input, initial }) => [input, session.tensor(initial)]));
  }

  /**
   * On other providers than the CPU the first call can be asked where its operators ran.
   * @throws RunError where the runtime refuses the graph
   */
  static async open(training: TrainingGraph, { provider, threads }: SessionSettings): Promise<TrainingSession> {
    const single = withoutLoops.has(provider);
    const settings: SessionSettings = {
      provider,
      threads,
      ...(provider !== 'cpu' && { profile: newProfile() }),
      ...(single && { onDevice: training.states.map(({ output }) => output) }),
    };
    return new TrainingSession(training, await load(training, settings), settings);
  }

  /**
   * Takes as many steps as there are learning rates.
   * @param batches of these steps, stacked, by the names of the data
   * @returns one row of telemetry per step
   * @throws RunError where the runtime fails
   */
  async run(
    firstStep: number,
    learningRates: readonly number[],
    batches: ReadonlyMap<string, Tensor>,
  ): Promise<Float32Array> {
    const start = this.states;
    this.start = start;
    const perCall = this.staysOnDevice ? 1 : learningRates.length;
    const rows: Float32Array[] = [];
    for (let at = 0; at < learningRates.length; at += perCall) {
      const rates = learningRates.slice(at, at + perCall);
      rows.push(...(await this.take(firstStep + at, rates, part(batches, at, rates.length))));
    }
    this.start = undefined;
    this.forgetBefore();
    if (this.isSmall) this.before = start;
    else dispose(start);
    return rows.length === 1 ? rows[0]! : joined(rows);
  }

  /** Where the operators of a step run: takes one whose results are thrown away. */
  async placement(batches: ReadonlyMap<string, Tensor>): Promise<Placement> {
    this.start = this.states;
    await this.take(0, [0], batches);
    dispose(this.states);
    this.states = this.start;
    this.start = undefined;
    this.session.endProfile();
    const { profile } = this.settings;
    // What a later graph has beside, all providers have.
    this.settings = { ...this.settings, profile: undefined };
    return readPlacement(profile!);
  }

  /**
   * Where the graph cannot measure a step, that one and those after it are taken with one that can.
   * @param attempts how many graphs have been tried on the first step
   */
  private async take(
    firstStep: number,
    learningRates: readonly number[],
    batches: ReadonlyMap<string, Tensor>,
    attempts = 0,
  ): Promise<Float32Array[]> {
    const { training } = this;
    const results = await this.call(firstStep, learningRates, batches);
    const values = results[training.rows]!.data as Float32Array;
    const retake = attempts < mostAttempts ? training.retake(values) : undefined;
    if (!retake) {
      if (this.states !== this.start) dispose(this.states);
      this.states = Object.fromEntries(training.states.map(({ input, output }) => [input, results[output]!]));
      return [training.read(values)];
    }
    dispose(results);
    const { step } = retake;
    const rows = step === 0 ? [] : await this.take(firstStep, learningRates.slice(0, step), part(batches, 0, step));
    await this.replace(retake.training);
    const rates = learningRates.slice(step);
    const rest = part(batches, step, rates.length);
    return [...rows, ...(await this.take(firstStep + step, rates, rest, step === 0 ? attempts + 1 : 0))];
  }

  /** What a session has left on a device may not outlive it, so there it stays until all end. */
  private async replace(training: TrainingGraph): Promise<void> {
    const { profile } = this.settings;
    if (profile !== undefined) {
      this.session.endProfile();
      await readPlacement(profile);
      this.settings = { ...this.settings, profile: newProfile() };
    }
    if (this.staysOnDevice) this.retired.push(this.session);
    else await this.session.release();
    this.session = await load(training, this.settings);
    this.training = training;
  }

  private call(
    firstStep: number,
    learningRates: readonly number[],
    batches: ReadonlyMap<string, Tensor>,
  ): Promise<Feeds> {
    const { training, session } = this;
    const count = learningRates.length;
    const feeds = { ...this.states };
    if (!this.staysOnDevice) feeds[training.count] = session.tensor(tensor('int64', [], [count]));
    for (const [name, { input }] of training.batches) feeds[input] = session.tensor(batches.get(name)!);
    const rates = learningRates.map((rate, i) => training.optimizer.ratesAt(firstStep + i, rate));
    training.rates.forEach((name, k) => {
      const values = rates.map((ofStep) => ofStep[k]!);
      feeds[name] = session.tensor(tensor('float32', [count], values));
    });
    return session.run(feeds);
  }

  /**
   * Lets `visit` work on the state as it was before the last call; the session stands afterwards where it stood.
   * @returns undefined where that state was not kept
   */
  async rewound<T>(visit: () => Promise<T>): Promise<T | undefined> {
    const { before, states } = this;
    if (!before) return undefined;
    this.states = before;
    this.before = undefined;
    try {
      return await visit();
    } finally {
      dispose(this.states);
      this.states = states;
      this.forgetBefore();
    }
  }

  private forgetBefore(): void {
    if (this.before) dispose(this.before);
    this.before = undefined;
  }

  private get staysOnDevice(): boolean {
    return this.settings.onDevice !== undefined;
  }

  private get isSmall(): boolean {
    return this.training.states.reduce((sum, { initial }) => sum + initial.data.length, 0) <= mostKept;
  }

  /**
   * The present values of the parameters and buffers of the model that training changes, by initializer: for a session
   * on the same execution provider, and until the next call.
   */
  weights(): Feeds {
    return Object.fromEntries(
      this.training.states.flatMap(({ initializer, input }) =>
        initializer === undefined ? [] : [[initializer, this.states[input]!]],
      ),
    );
  }

  /** The same in the memory of the host. @throws RunError where the runtime fails */
  async weightsOnHost(): Promise<Map<string, Tensor>> {
    const weights = this.weights();
    const present = this.staysOnDevice ? await copied(weights, this.settings) : weights;
    return new Map(Object.entries(present).map(([name, value]) => [name, fromRuntime(value)]));
  }

  async release(): Promise<void> {
    dispose(this.states);
    this.forgetBefore();
    for (const session of [...this.retired, this.session]) await session.release();
  }
}

const load = ({ graph }: TrainingGraph, settings: SessionSettings): Promise<Session> =>
  Session.open(settings.onDevice ? withoutLoop(graph) : graph, settings);

/** Frees what is on the device; what is on the host is collected. */
function dispose(tensors: Feeds): void {
  for (const each of Object.values(tensors)) if (each.location !== 'cpu') each.dispose();
}

/** The runtime's own way from the device to the host ends the process, so a graph that does nothing is run. */
async function copied(tensors: Feeds, { provider, threads }: SessionSettings): Promise<Feeds> {
  const onHost = Object.entries(tensors).filter(([, { location }]) => location === 'cpu');
  const onDevice = Object.entries(tensors).filter(([, { location }]) => location !== 'cpu');
  if (onDevice.length === 0) return tensors;
  const g = new GraphBuilder(emptyGraph('copy'));
  const outputs = onDevice.map(([name, { type, dims }]) => {
    const copy = g.identity(g.input(name, type as 'float32', dims));
    g.output(copy);
    return [name, copy.name] as const;
  });
  const session = await Session.open(g.graph, { provider, threads });
  try {
    const results = await session.run(Object.fromEntries(onDevice));
    return Object.fromEntries([...onHost, ...outputs.map(([name, copy]) => [name, results[copy]!] as const)]);
  } finally {
    await session.release();
  }
}

/** The batches of `count` steps from `at` on. */
const part = (batches: ReadonlyMap<string, Tensor>, at: number, count: number): Map<string, Tensor> =>
  new Map(
    [...batches].map(([name, stack]) => {
      const [steps, ...shape] = stack.shape;
      if (steps === count) return [name, stack];
      const size = sizeOf(shape);
      const data = stack.data.slice(at * size, (at + count) * size);
      return [name, { dtype: stack.dtype, shape: [count, ...shape], data }];
    }),
  );

function joined(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}
