/** Which operator of a training step makes the first number that is not finite. */
import { differentiate } from '../autodiff/differentiate';
import { GraphBuilder } from '../onnx/builder';
import { exportGraph } from '../onnx/export';
import { isFloat, numbers, type Tensor } from '../onnx/tensor';
import type { Runtime } from '../onnx/runtime';
import { rowWidth, stepColumn, type NonFiniteSource, type StepColumn } from '../protocol/run';
import { targetName } from '../training/data/dataset';
import { losses } from '../training/losses';
import type { TrainingGraph } from '../training/training-graph';
import { inMode, type PreparedExperiment } from './prepare';
import type { TrainingSession } from './training-session';

/** What a call of the session gave. */
interface Call {
  firstStep: number;
  rates: readonly number[];
  rows: Float32Array;
}

/**
 * Where the first number that is not finite came from, in the last call of the session.
 * @returns undefined where all are finite, or where the state before the call was not kept
 */
export async function findNonFinite(
  prepared: PreparedExperiment,
  { layout }: TrainingGraph,
  session: TrainingSession,
  { firstStep, rates, rows }: Call,
  runtime: Runtime,
): Promise<NonFiniteSource | undefined> {
  const at = (row: number, column: StepColumn): number => rows[row * rowWidth(layout) + stepColumn(column)]!;
  const bad = rates.findIndex((_, row) => ![at(row, 'loss'), at(row, 'gradientNorm')].every(Number.isFinite));
  if (bad < 0) return undefined;
  const data = prepared.data.training;
  return session.rewound(async () => {
    if (bad > 0) await session.run(firstStep, rates.slice(0, bad), data.stack(firstStep, bad));
    const weights = await session.weightsOnHost();
    const batch = [...data.stack(firstStep + bad, 1)].map(
      ([name, stacked]) => [name, { ...stacked, shape: stacked.shape.slice(1) }] as const,
    );
    return firstNonFinite(prepared, firstStep + bad, weights, new Map(batch), runtime);
  });
}

/**
 * Computes one step operator by operator.
 * @param step its number. @param weights the parameters and buffers before it, by initializer; the others are the model's.
 * @param batch what the step is fed, by name
 * @returns undefined where everything is finite, as on another execution provider it may be
 */
async function firstNonFinite(
  prepared: PreparedExperiment,
  step: number,
  weights: ReadonlyMap<string, Tensor>,
  batch: ReadonlyMap<string, Tensor>,
  runtime: Runtime,
): Promise<NonFiniteSource | undefined> {
  const { settings, target, parameters } = prepared;
  const { graph } = inMode(prepared);
  for (const [name, value] of weights) {
    if (numbers(value).some((number) => !Number.isFinite(number))) return { step, phase: 'update', node: name };
    graph.initializers.set(name, value);
  }
  const g = new GraphBuilder(graph);
  graph.outputs = [];
  const forward = graph.nodes.length;
  const { gradient } = losses[settings.loss].build(
    g,
    g.value(settings.output),
    target && g.input(targetName, target.dtype, target.shape),
    settings.classAxis,
  );
  const loss = graph.nodes.length;
  const trained = parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
  // What nobody takes would not be computed.
  const found = differentiate(g, new Map([[settings.output, gradient]]), trained);
  for (const name of trained) if (found.of(name)) g.output(g.identity(found.of(name)!));

  const nodes = graph.nodes.flatMap((node, index) => {
    const name = node.outputs.find((output) => output && isFloat(graph.types.get(output)?.dtype ?? 'bool'));
    return name === undefined ? [] : [{ node, index, name }];
  });
  // 0 · x is 0 where x is finite, and NaN elsewhere.
  const flags = nodes.map(({ name }) => {
    const value = g.value(name);
    return g.reshape(g.cast(g.sum(g.mul(value, 0)), 'float32'), [1]);
  });
  const flag = g.concat(flags, 0);
  const feeds = new Map([...batch].filter(([name]) => graph.inputs.some((input) => input.name === name)));
  const results = await runtime.run(exportGraph({ ...graph, outputs: [] }, [flag.name]), feeds);
  const first = numbers(results.get(flag.name)!).findIndex((value) => !Number.isFinite(value));
  if (first < 0) return undefined;
  const { node, index } = nodes[first]!;
  const phase = index < forward ? 'forward' : index < loss ? 'loss' : 'backward';
  return { step, phase, node: node.name, op: node.opType, layer: node.layer };
}
