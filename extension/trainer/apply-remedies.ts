/** Applies the remedies of an experiment: some change the model, some how it is trained. */
import type { StateUpdate } from '../autodiff/mode';
import { exportGraph } from '../onnx/export';
import { GraphBuilder } from '../onnx/builder';
import type { Graph } from '../onnx/graph';
import { keepModules } from '../onnx/layers';
import type { Runtime } from '../onnx/runtime';
import { InputError } from '../protocol/errors';
import type { Experiment, LossId, Mode } from '../protocol/experiment';
import { findRemedy } from '../remedies';
import type { Patient } from '../remedies/patient';
import { DoesNotFit } from '../remedies/remedy';
import type { Dataset } from '../training/data/dataset';
import { Random } from '../training/random';

export interface Treated {
  experiment: Experiment;
  graph: Graph;
  /** In the order of the model's, those that remedies added at the end. */
  parameters: readonly string[];
  /** Buffers of the remedies that a step changes. */
  updates: readonly StateUpdate[];
  notes: readonly string[];
}

/**
 * @param subject the experiment and its model, specialised and canonical
 * @param data for remedies that look at a batch
 * @throws InputError for a remedy or a parameter of one that does not exist, and for one that does not fit the model
 */
export async function applyRemedies(
  {
    experiment,
    mode,
    loss,
    graph,
    parameters,
  }: { experiment: Experiment; mode: Mode; loss: LossId; graph: Graph; parameters: readonly string[] },
  data: Dataset,
  runtime: Runtime,
): Promise<Treated> {
  const random = new Random(experiment.seed, 'remedies');
  keepModules(graph);
  const patient: Patient = {
    graph,
    g: new GraphBuilder(graph),
    parameters: new Set(parameters),
    updates: [],
    mode,
    loss,
    random: { normal: () => random.normal(), uniform: () => random.uniform() },
    notes: [],
    evaluate: (names) => {
      const batch = [...data.stack(0, 1)].map(
        ([name, { shape, ...tensor }]) => [name, { ...tensor, shape: shape.slice(1) }] as const,
      );
      const inputs = new Set(graph.inputs.map(({ name }) => name));
      return runtime.run(
        exportGraph({ ...graph, outputs: [] }, names),
        new Map(batch.filter(([name]) => inputs.has(name))),
      );
    },
  };
  // A schedule is a remedy too, one of those that only configure.
  const { schedule, ...constant } = experiment;
  let configured: Experiment = constant;
  for (const use of [...(schedule ? [schedule] : []), ...experiment.remedies]) {
    const remedy = findRemedy(use.id);
    if (!remedy) throw new InputError(`There is no remedy "${use.id}".`);
    if (use === schedule && !remedy.isSchedule)
      throw new InputError(`"${use.id}" is no schedule of learning rates: give it as a remedy.`);
    const parsed = remedy.parameters.safeParse(use.parameters);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new InputError(`${use.id}: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}.`);
    }
    try {
      await remedy.transform?.(patient, parsed.data, use.units);
    } catch (error) {
      if (error instanceof DoesNotFit) throw new InputError(`${use.id} does not fit the model: ${error.message}`);
      throw error;
    }
    configured = remedy.configure?.(configured, parsed.data) ?? configured;
  }
  return {
    experiment: configured,
    graph: patient.graph,
    parameters: [...patient.parameters],
    updates: patient.updates,
    notes: patient.notes,
  };
}
