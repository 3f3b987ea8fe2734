/** A training graph in ONNX Runtime, with the state that it carries from call to call. */
import { tensor, type Tensor } from '../onnx/tensor';
import type { TrainingGraph } from '../training/training-graph';
import { Session, type Feeds, type SessionSettings } from './session';

export class TrainingSession {
  private readonly states: Feeds;

  private constructor(
    private readonly training: TrainingGraph,
    private readonly session: Session,
  ) {
    this.states = Object.fromEntries(training.states.map(({ input, initial }) => [input, session.tensor(initial)]));
  }

  /** @throws RunError where the runtime refuses the graph. */
  static async open(training: TrainingGraph, settings: SessionSettings): Promise<TrainingSession> {
    return new TrainingSession(training, await Session.open(training.graph, settings));
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
    const { training, session } = this;
    const count = learningRates.length;
    const feeds = { ...this.states, [training.count]: session.tensor(tensor('int64', [], [count])) };
    for (const [name, { input }] of training.batches) feeds[input] = session.tensor(batches.get(name)!);
    const rates = learningRates.map((rate, i) => training.optimizer.ratesAt(firstStep + i, rate));
    training.rates.forEach((name, k) => {
      const values = rates.map((ofStep) => ofStep[k]!);
      feeds[name] = session.tensor(tensor('float32', [count], values));
    });
    const results = await session.run(feeds);
    for (const { input, output } of training.states) this.states[input] = results[output]!;
    return results[training.rows]!.data as Float32Array;
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
