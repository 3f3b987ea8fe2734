/** A training graph in ONNX Runtime, with the state that it carries from call to call. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor, type Tensor } from '../onnx/tensor';
import type { TrainingGraph } from '../training/training-graph';
import { readPlacement, type Placement } from './placement';
import { Session, type Feeds, type SessionSettings } from './session';

/** Sessions of this process so far, so that no two write one profile. */
let opened = 0;

/** Elements of the states that are kept twice. */
const mostKept = 2 ** 22;

export class TrainingSession {
  private states: Feeds;
  /** Before the last call; kept where that is cheap. */
  private before: Feeds | undefined;

  private constructor(
    private readonly training: TrainingGraph,
    private readonly session: Session,
    private readonly profile: string,
  ) {
    this.states = Object.fromEntries(training.states.map(({ input, initial }) => [input, session.tensor(initial)]));
  }

  /**
   * On other providers than the CPU the first call can be asked where its operators ran.
   * @throws RunError where the runtime refuses the graph
   */
  static async open(training: TrainingGraph, settings: SessionSettings): Promise<TrainingSession> {
    const profile = join(tmpdir(), `gradient-doctor-placement-${process.pid}-${opened++}`);
    const profiled = settings.provider === 'cpu' ? settings : { ...settings, profile };
    return new TrainingSession(training, await Session.open(training.graph, profiled), profile);
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
    const { training } = this;
    const results = await this.call(firstStep, learningRates, batches);
    this.before = this.isSmall ? this.states : undefined;
    this.states = Object.fromEntries(training.states.map(({ input, output }) => [input, results[output]!]));
    return training.read(results[training.rows]!.data as Float32Array);
  }

  /** Where the operators of a step run: takes one whose results are thrown away. */
  async placement(batches: ReadonlyMap<string, Tensor>): Promise<Placement> {
    await this.call(0, [0], batches);
    this.session.endProfile();
    return readPlacement(this.profile);
  }

  private call(
    firstStep: number,
    learningRates: readonly number[],
    batches: ReadonlyMap<string, Tensor>,
  ): Promise<Feeds> {
    const { training, session } = this;
    const count = learningRates.length;
    const feeds = { ...this.states, [training.count]: session.tensor(tensor('int64', [], [count])) };
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
    try {
      return await visit();
    } finally {
      this.states = states;
      this.before = undefined;
    }
  }

  private get isSmall(): boolean {
    return this.training.states.reduce((sum, { initial }) => sum + initial.data.length, 0) <= mostKept;
  }

  /** The present values of the parameters and buffers of the model that training changes, by initializer. */
  weights(): Feeds {
    return Object.fromEntries(
      this.training.states.flatMap(({ initializer, input }) =>
        initializer === undefined ? [] : [[initializer, this.states[input]!]],
      ),
    );
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
