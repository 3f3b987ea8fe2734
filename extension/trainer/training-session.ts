/** A training graph loaded into ONNX Runtime, with the state that it carries from call to call. */
import type { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import { exportGraph } from '../onnx/export';
import type { Tensor } from '../onnx/tensor';
import { RunError } from '../protocol/errors';
import type { TrainingGraph } from '../training/training-graph';
import { reason, toRuntime, type Library } from './runtime';

export interface SessionSettings {
  /** The execution provider by ONNX Runtime's name. */
  provider: string;
  threads: number;
}

export class TrainingSession {
  private readonly states = new Map<string, RuntimeTensor>();

  private constructor(
    private readonly training: TrainingGraph,
    private readonly session: InferenceSession,
    private readonly library: Library,
  ) {
    for (const { input, initial } of training.states) this.states.set(input, toRuntime(library, initial));
  }

  /** @throws RunError where the runtime refuses the graph. */
  static async create(training: TrainingGraph, { provider, threads }: SessionSettings): Promise<TrainingSession> {
    const library = await import('onnxruntime-node');
    try {
      const session = await library.InferenceSession.create(exportGraph(training.graph), {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // Higher levels take seconds longer on large graphs and save next to nothing on these.
        graphOptimizationLevel: 'basic',
        logSeverityLevel: 4,
      });
      return new TrainingSession(training, session, library);
    } catch (error) {
      throw new RunError(`ONNX Runtime refuses the training graph: ${reason(error)}`);
    }
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
    const count = learningRates.length;
    const feeds: Record<string, RuntimeTensor> = Object.fromEntries(this.states);
    feeds[training.count] = new this.library.Tensor('int64', BigInt64Array.of(BigInt(count)), []);
    for (const [name, { input }] of training.batches) feeds[input] = toRuntime(this.library, batches.get(name)!);
    const rates = learningRates.map((rate, i) => training.optimizer.ratesAt(firstStep + i, rate));
    training.rates.forEach((name, k) => {
      feeds[name] = new this.library.Tensor(
        'float32',
        Float32Array.from(rates, (values) => values[k]!),
        [count],
      );
    });
    let results: InferenceSession.OnnxValueMapType;
    try {
      results = await this.session.run(feeds);
    } catch (error) {
      throw new RunError(`Step ${firstStep} failed: ${reason(error)}`);
    }
    for (const { input, output } of training.states) this.states.set(input, results[output] as RuntimeTensor);
    return results[training.rows]!.data as Float32Array;
  }

  /** The present values of the model's parameters and buffers that training changes, by initializer. */
  weights(): Map<string, Tensor> {
    return new Map(
      this.training.states.flatMap(({ initializer, initial, input }) =>
        initializer === undefined
          ? []
          : [[initializer, { ...initial, data: this.states.get(input)!.data as Float32Array }] as const],
      ),
    );
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
