/** From an experiment to what the training graph is built from: the model read, its sizes fixed, its data at hand. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { canonicalise } from '../autodiff/canonicalise';
import { restoreMode, type StateUpdate } from '../autodiff/mode';
import { providerForm } from '../autodiff/provider-form';
import { computeInFloat32 } from '../autodiff/precision';
import { specialise } from '../autodiff/specialise';
import { exportGraph } from '../onnx/export';
import type { Graph } from '../onnx/graph';
import { importGraph } from '../onnx/import';
import { findLayers } from '../onnx/layers';
import { readModel } from '../onnx/model-file';
import { findParameters } from '../onnx/parameters';
import type { Runtime } from '../onnx/runtime';
import { isInteger, sizeOf, type Tensor, type TensorType } from '../onnx/tensor';
import { InputError, RunError } from '../protocol/errors';
import type { Experiment, LossId, Mode } from '../protocol/experiment';
import type { LayerInfo, ParameterInfo, ResolvedSettings, RunHeader } from '../protocol/run';
import { planBatches, type BatchPlan } from '../training/data/batch-plan';
import { convert } from '../training/data/convert';
import { split, targetName, type Column, type Split } from '../training/data/dataset';
import { readArrays, unnamed } from '../training/data/read-arrays';
import { syntheticInputs, syntheticTarget, type TargetKind } from '../training/data/synthetic';
import { constantWeights } from '../training/constant-weights';
import { chooseLoss, losses } from '../training/losses';
import { checkClasses, resolveClassAxis } from '../training/losses/classification';
import { softmaxBeforeLoss } from '../training/softmax-before-loss';
import { applyRemedies } from './apply-remedies';

export interface PreparedExperiment {
  settings: ResolvedSettings;
  /** Specialised, canonical, remedies applied; the mode is not. */
  graph: Graph;
  /** Buffers that remedies brought along and that a step changes. */
  updates: readonly StateUpdate[];
  layers: readonly { info: LayerInfo; output: string }[];
  parameters: readonly ParameterInfo[];
  target: TensorType | undefined;
  data: Split;
  header: Omit<RunHeader, 'provider' | 'layout' | 'settings'>;
}

/**
 * @param keep initializers that stay in the graph beside the parameters
 * @throws InputError for whatever does not fit together, before anything is trained
 */
export async function prepare(
  experiment: Experiment,
  runtime: Runtime,
  keep: readonly string[] = [],
): Promise<PreparedExperiment> {
  const file = await readModel(experiment.model);
  const imported = importGraph(file);
  const { note } = computeInFloat32(imported);
  const output = await about(experiment.model, () => chooseOutput(imported, experiment.output));
  const names = findParameters(imported).flatMap(({ name, trainable }) => (trainable ? [name] : []));
  checkWeights(imported, names, experiment.model);
  const arrays = experiment.data.kind === 'file' ? await readData(experiment.data.path, imported) : undefined;
  // What does not fit is put down to the data where there are any.
  const source = experiment.data.kind === 'file' ? experiment.data.path : experiment.model;
  const plan = await about(source, () => planBatches(imported, output, arrays, experiment.batch));
  if (arrays) checkArrays(arrays, imported, plan, source);
  const lone: Graph = { ...imported, outputs: imported.outputs.filter(({ name }) => name === output) };
  const specialised = await about(experiment.model, () =>
    specialise(lone, plan.types, runtime, { keep: new Set([...names, ...keep]) }),
  );
  const canonical = canonicalise(specialised);
  // Precision may have widened them.
  for (const [name] of plan.types) plan.types.set(name, canonical.types.get(name) ?? plan.types.get(name)!);

  const choice = await about(source, () => chooseTarget(experiment, imported, canonical, output, plan, arrays));
  const columns = arrays
    ? await about(source, () => columnsOf(arrays, canonical, plan, choice))
    : synthesise(canonical, output, plan, choice, experiment.seed);
  const {
    seed,
    data: { validation },
  } = experiment;
  const data = await about(source, () => split(columns, { batch: plan.batch, seed, validation, cycled: !arrays }));

  const mode = experiment.mode ?? (file.proto.producerName === 'pytorch' ? 'train' : 'as-exported');
  const treated = await applyRemedies(
    { experiment, mode, loss: choice.loss, graph: canonical, parameters: names },
    data.training,
    runtime,
  );
  // Remedies add layers and change what layers do.
  const layers =
    experiment.remedies.length > 0 ? findLayers(treated.graph, treated.parameters) : findLayers(imported, names);
  return {
    settings: {
      ...treated.experiment,
      batch: plan.batch,
      loss: choice.loss,
      output,
      mode,
      threads: experiment.threads ?? availableParallelism(),
    },
    graph: treated.graph,
    updates: treated.updates,
    layers,
    parameters: selectParameters(treated.graph, treated.parameters, layers, experiment),
    target: choice.target,
    data,
    header: {
      model: experiment.model,
      modelHash: createHash('sha256').update(file.bytes).digest('hex'),
      notes: [...(note ? [note] : []), ...treated.notes],
      softmaxBeforeLoss: softmaxBeforeLoss(treated.graph, output, choice.loss),
      constantWeights: constantWeights(treated.graph, layers),
    },
  };
}

/** Says which file a complaint is about, where it does not say so itself. */
async function about<T>(file: string, check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof InputError) || error.message.startsWith(`${file}: `)) throw error;
    throw new InputError(`${file}: ${error.message.replace(/^(The|A|Of)\b/, (word) => word.toLowerCase())}`);
  }
}

/** Trained on, they would give numbers that are not finite from the first step on, whatever the network. */
function checkWeights(graph: Graph, parameters: readonly string[], model: string): void {
  for (const name of parameters) {
    const bad = firstBad(graph.initializers.get(name), Number.isFinite);
    if (bad)
      throw new InputError(
        `${model}: the weight "${name}" holds ${bad.value} before any training. Export the model before it diverges.`,
      );
  }
}

/** @throws InputError where there are no rows, or NaN that the model does not ask for. Infinity may be a mask. */
function checkArrays(arrays: ReadonlyMap<string, Tensor>, graph: Graph, plan: BatchPlan, path: string): void {
  if (plan.batch === 0) throw new InputError(`${path}: its arrays have no rows. Save some samples.`);
  if (graph.nodes.some(({ opType }) => opType === 'IsNaN')) return;
  for (const name of [...graph.inputs.map((input) => input.name), targetName]) {
    const bad = firstBad(arrays.get(name), (value) => !Number.isNaN(value));
    if (bad)
      throw new InputError(
        `${path}: the array "${name}" holds NaN, first at [${bad.at.join(', ')}]. Replace it, or leave such rows out.`,
      );
  }
}

/** The first number that is not as it should be, and its place along each axis. */
function firstBad(
  tensor: Tensor | undefined,
  isGood: (value: number) => boolean,
): { value: number; at: number[] } | undefined {
  if (tensor?.dtype !== 'float32' && tensor?.dtype !== 'float64') return undefined;
  const data = tensor.data as Float32Array;
  const index = data.findIndex((value) => !isGood(value));
  if (index < 0) return undefined;
  let rest = index;
  const at = tensor.shape.map((_, axis) => {
    const inner = sizeOf(tensor.shape.slice(axis + 1));
    const here = Math.floor(rest / inner);
    rest %= inner;
    return here;
  });
  return { value: data[index]!, at };
}

/** The graph in a mode, by default that of the experiment, with the buffers that a step updates, as `provider` can run it. */
export function inMode(
  { graph, settings, updates }: PreparedExperiment,
  {
    mode = settings.mode,
    provider = 'cpu',
    ...options
  }: { mode?: Mode; provider?: string; dropoutAsIdentity?: boolean } = {},
): { graph: Graph; updates: StateUpdate[] } {
  const { decompose } = providerForm(provider);
  const moded = restoreMode(graph, mode, { seed: settings.seed, decompose, ...options });
  return { graph: moded.graph, updates: [...updates, ...moded.updates] };
}

/** The first batch of the training rows, by the names of the graph's inputs and of the target. */
export function firstBatch({ data, graph, target }: PreparedExperiment): Map<string, Tensor> {
  const wanted = new Set([...graph.inputs.map(({ name }) => name), ...(target ? [targetName] : [])]);
  return new Map(
    [...data.training.stack(0, 1)].flatMap(([name, { dtype, shape, data: values }]) =>
      wanted.has(name) ? [[name, { dtype, shape: shape.slice(1), data: values }] as const] : [],
    ),
  );
}

/**
 * Why the very first computation failed: where the model alone cannot compute its output from this batch, the input is
 * to blame (a kernel that does not fit its weights, an index outside its table), and else the run.
 */
export async function blame(error: unknown, experiment: Experiment, runtime: Runtime): Promise<unknown> {
  // Read anew: by now the graph has its backward pass.
  const prepared = await prepare(experiment, runtime);
  const { graph } = inMode(prepared, { mode: 'eval' });
  const batch = firstBatch(prepared);
  batch.delete(targetName);
  try {
    await runtime.run(exportGraph(graph), batch);
    return error;
  } catch (cause) {
    if (!(cause instanceof RunError) || /bad_alloc|memory|allocat/i.test(cause.message)) return error;
    return new InputError(`${experiment.model}: the model cannot be computed on this data: ${cause.message}`);
  }
}

function chooseOutput(graph: Graph, stated: string | undefined): string {
  const names = graph.outputs.map(({ name }) => name);
  if (stated !== undefined) {
    if (names.includes(stated)) return stated;
    throw new InputError(`The model has no output "${stated}"; it has ${quoted(names)}.`);
  }
  const [only, ...others] = names;
  if (only === undefined) throw new InputError('The model has no output.');
  if (others.length > 0)
    throw new InputError(
      `The model has ${names.length} outputs, ${quoted(names)}: say which one the loss takes, with --output.`,
    );
  return only;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

async function readData(path: string, graph: Graph): Promise<Map<string, Tensor>> {
  const arrays = await readArrays(path);
  const single = arrays.get(unnamed);
  if (!single) return arrays;
  const [input, ...others] = graph.inputs;
  if (!input || others.length > 0)
    throw new InputError(
      `${path}: one array without a name cannot feed ${graph.inputs.length} inputs; use an .npz file.`,
    );
  return new Map([[input.name, single]]);
}

interface TargetChoice {
  loss: LossId;
  target: TensorType | undefined;
  axis: number;
  classAxis: number | undefined;
}

/** The loss and the type of one batch of its target. */
function chooseTarget(
  experiment: Experiment,
  imported: Graph,
  graph: Graph,
  output: string,
  plan: BatchPlan,
  arrays: ReadonlyMap<string, Tensor> | undefined,
): TargetChoice {
  const taken = graph.types.get(output)!;
  const array = arrays?.get(targetName);
  const rows = arrays && rowsOf(arrays, plan);
  const axis = array && rows !== undefined && array.shape[0] !== rows && array.shape[1] === rows ? 1 : 0;
  const given = array && {
    dtype: array.dtype,
    shape: array.shape.map((size, i) => (i === axis && size === rows ? plan.batch : size)),
  };
  const synthetic = experiment.data.kind === 'synthetic' ? experiment.data.task : undefined;
  const byTask = synthetic && (synthetic === 'classification' ? 'cross-entropy' : 'mse');
  const loss = experiment.loss ?? byTask ?? chooseLoss(imported.outputs.length, taken, given);
  const target = losses[loss].targetType(taken, given, experiment.classAxis);
  if (target && arrays && !array)
    throw new InputError(
      `The loss "${loss}" compares the output with an array "${targetName}", which the data does not have.`,
    );
  return { loss, target, axis, classAxis: experiment.classAxis };
}

function rowsOf(arrays: ReadonlyMap<string, Tensor>, { axes }: BatchPlan): number | undefined {
  for (const [name, axis] of axes) if (axis !== undefined) return arrays.get(name)!.shape[axis];
  return undefined;
}

function columnsOf(
  arrays: ReadonlyMap<string, Tensor>,
  graph: Graph,
  plan: BatchPlan,
  { loss, target, axis, classAxis }: TargetChoice,
): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const { name, dtype } of graph.inputs)
    columns.set(name, { array: convert(name, arrays.get(name)!, dtype), axis: plan.axes.get(name) });
  if (target) {
    const array = convert(targetName, arrays.get(targetName)!, target.dtype);
    if (isInteger(target.dtype)) {
      const output = graph.types.get(graph.outputs[0]!.name)!;
      checkClasses(array, output.shape[resolveClassAxis(output, target, classAxis)]!, loss);
    }
    columns.set(targetName, { array, axis });
  }
  return columns;
}

function synthesise(
  graph: Graph,
  output: string,
  plan: BatchPlan,
  { loss, target, classAxis }: TargetChoice,
  seed: number,
): Map<string, Column> {
  const inputs = syntheticInputs(graph, plan, seed);
  if (target)
    inputs.columns.set(
      targetName,
      syntheticTarget(inputs, target, targetKind(graph, output, loss, target, classAxis), seed),
    );
  return inputs.columns;
}

function targetKind(
  graph: Graph,
  output: string,
  loss: LossId,
  target: TensorType,
  classAxis: number | undefined,
): TargetKind {
  const type = graph.types.get(output)!;
  if (isInteger(target.dtype))
    return { kind: 'class', classes: type.shape[resolveClassAxis(type, target, classAxis)]! };
  if (loss === 'bce-with-logits') return { kind: 'binary' };
  const last = graph.nodes.find((node) => node.outputs.includes(output))?.opType;
  return {
    kind: 'number',
    range: last === 'Sigmoid' || last === 'Softmax' ? 'unit' : last === 'Tanh' ? 'symmetric' : 'real',
  };
}

/** Which parameters are trained: those that the experiment names, or all, without those that it freezes. */
function selectParameters(
  graph: Graph,
  names: readonly string[],
  layers: readonly { info: LayerInfo }[],
  { parameters: wanted, frozen }: Experiment,
): ParameterInfo[] {
  const all = names.filter((name) => graph.initializers.has(name));
  const named = (selection: readonly string[]): Set<string> =>
    new Set(
      selection.flatMap((item) => {
        const owned = layers.filter(({ info }) => info.name === item || info.name.startsWith(`${item}.`));
        const chosen = all.includes(item) ? [item] : owned.flatMap(({ info }) => info.parameters);
        if (chosen.length === 0)
          throw new InputError(`The model has no parameter or layer "${item}" to train or freeze.`);
        return chosen;
      }),
    );
  const included = wanted && named(wanted);
  const excluded = named(frozen ?? []);
  return all.map((name) => {
    const { shape } = graph.initializers.get(name)!;
    return { name, shape, size: sizeOf(shape), trainable: (included?.has(name) ?? true) && !excluded.has(name) };
  });
}
