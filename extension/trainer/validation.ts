/** The loss over the rows that are held out, at the present weights, in evaluation mode. */
import type { Dataset } from '../training/data/dataset';
import { buildEvaluationGraph, type EvaluationGraph } from '../training/evaluation-graph';
import { inMode, type PreparedExperiment } from './prepare';
import { Session, type Feeds, type SessionSettings } from './session';

export class Validation {
  private constructor(
    private readonly evaluation: EvaluationGraph,
    private readonly session: Session,
    private readonly data: Dataset,
  ) {}

  /** @param weights names of the initializers that training changes. @throws RunError where the runtime refuses the graph. */
  static async open(
    prepared: PreparedExperiment,
    data: Dataset,
    weights: readonly string[],
    settings: SessionSettings,
  ): Promise<Validation> {
    const { loss, output, classAxis } = prepared.settings;
    const { graph: forward } = inMode(prepared, { mode: 'eval' });
    const evaluation = buildEvaluationGraph({ forward, weights, loss, output, target: prepared.target, classAxis });
    return new Validation(evaluation, await Session.open(evaluation.graph, settings), data);
  }

  /** The mean over all whole batches. */
  async loss(weights: Feeds): Promise<number> {
    const { evaluation, session, data } = this;
    const taken = new Set(evaluation.graph.inputs.map(({ name }) => name));
    const present = Object.entries(weights).filter(([name]) => taken.has(name));
    let sum = 0;
    for (let step = 0; step < data.stepsPerEpoch; step++) {
      const batch = [...data.stack(step, 1)].flatMap(([name, { dtype, shape, data: values }]) => {
        const input = evaluation.batches.get(name);
        return input === undefined
          ? []
          : [[input, session.tensor({ dtype, shape: shape.slice(1), data: values })] as const];
      });
      const results = await session.run(Object.fromEntries([...present, ...batch]));
      sum += Number(results[evaluation.loss]!.data[0]);
    }
    return sum / data.stepsPerEpoch;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
