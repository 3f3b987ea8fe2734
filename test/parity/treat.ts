/** Applies a remedy to an exported model, as the trainer does, down to a graph whose gradients can be read. */
import { differentiate } from '../../extension/autodiff/differentiate';
import { canonicalise } from '../../extension/autodiff/canonicalise';
import { restoreMode, type StateUpdate } from '../../extension/autodiff/mode';
import { specialise } from '../../extension/autodiff/specialise';
import { GraphBuilder } from '../../extension/onnx/builder';
import { exportGraph } from '../../extension/onnx/export';
import type { Graph } from '../../extension/onnx/graph';
import { importGraph } from '../../extension/onnx/import';
import { keepModules } from '../../extension/onnx/layers';
import { readModel } from '../../extension/onnx/model-file';
import { findParameters } from '../../extension/onnx/parameters';
import type { Tensor } from '../../extension/onnx/tensor';
import { findRemedy } from '../../extension/remedies';
import type { Patient } from '../../extension/remedies/patient';
import { createRuntime } from '../../extension/trainer/runtime';
import { Random } from '../../extension/training/random';

export const runtime = createRuntime();

export interface Treated {
  graph: Graph;
  parameters: readonly string[];
  updates: readonly StateUpdate[];
  notes: readonly string[];
}

/** @param batch arrays by input name. @param given `parameters` in place of those that the model marks. @throws DoesNotFit */
export async function treat(
  model: string,
  remedy: string,
  parameters: Record<string, number | string | boolean>,
  batch: ReadonlyMap<string, Tensor>,
  given: { parameters?: readonly string[] } = {},
): Promise<Treated> {
  const imported = importGraph(await readModel(model));
  const trained = findParameters(imported).flatMap(({ name, trainable }) => (trainable ? [name] : []));
  const inputs = new Map(imported.inputs.map(({ name }) => [name, batch.get(name)!]));
  const graph = canonicalise(await specialise(imported, inputs, runtime));
  const random = new Random(0, 'remedies');
  keepModules(graph);
  const patient: Patient = {
    graph,
    g: new GraphBuilder(graph),
    parameters: new Set(given.parameters ?? trained),
    updates: [],
    mode: 'train',
    loss: 'cross-entropy',
    random: { normal: () => random.normal(), uniform: () => random.uniform() },
    notes: [],
    evaluate: (names) => runtime.run(exportGraph({ ...graph, outputs: [] }, names), inputs),
  };
  const found = findRemedy(remedy)!;
  await found.transform?.(patient, found.parameters.parse(parameters));
  // The cells that a remedy puts in are composites themselves.
  const inMode = restoreMode(canonicalise(patient.graph), 'train', { dropoutAsIdentity: true });
  return {
    graph: inMode.graph,
    parameters: [...patient.parameters],
    updates: [...inMode.updates, ...patient.updates],
    notes: patient.notes,
  };
}

/** The output, ∂(Σ r·output)/∂parameter for each parameter, and the buffers after the step. */
export async function measure(
  { graph, parameters, updates }: Treated,
  batch: ReadonlyMap<string, Tensor>,
): Promise<{ y: Tensor; gradients: Map<string, Tensor>; buffers: Map<string, Tensor> }> {
  const g = new GraphBuilder(graph);
  const output = graph.outputs[0]!.name;
  const weights = g.input('r', 'float32', batch.get('r')!.shape);
  const gradients = differentiate(g, new Map([[output, weights]]), parameters);
  const wanted = new Map(parameters.flatMap((name) => [[name, gradients.of(name)?.name] as const]));
  const names = [
    output,
    ...[...wanted.values()].filter((name) => name !== undefined),
    ...updates.map(({ value }) => value),
  ];
  const feeds = new Map(graph.inputs.map(({ name }) => [name, batch.get(name)!]));
  const results = await runtime.run(exportGraph({ ...graph, outputs: [] }, [...new Set(names)]), feeds);
  return {
    y: results.get(output)!,
    gradients: new Map([...wanted].flatMap(([name, gradient]) => (gradient ? [[name, results.get(gradient)!]] : []))),
    buffers: new Map(updates.map(({ name, value }) => [name, results.get(value)!])),
  };
}
