/** One forward and backward pass at the model's own weights, written to an .npz file. */
import { writeFile } from 'node:fs/promises';
import { differentiate } from '../../autodiff/differentiate';
import type { ProviderForm } from '../../autodiff/provider-form';
import { GraphBuilder } from '../../onnx/builder';
import { exportGraph } from '../../onnx/export';
import type { Graph } from '../../onnx/graph';
import { arrayOf, isFloat, numbers, sizeOf, type Tensor, type TensorType } from '../../onnx/tensor';
import { fileTrouble, InputError } from '../../protocol/errors';
import type { GradientsRequest, TrainerResults } from '../../protocol/trainer-messages';
import { targetName } from '../../training/data/dataset';
import { formatNpz } from '../../training/data/npz';
import { losses } from '../../training/losses';
import { formOf } from '../channel-block';
import { blame, firstBatch, inMode, prepare, type PreparedExperiment } from '../prepare';
import { chooseProvider } from '../providers';
import { runOnce } from '../session';
import type { JobContext } from './job';

/**
 * Writes `loss` and ∂loss/∂parameter for every parameter (or for what `wrt` names) under its name in the model. Dropout
 * passes on, nothing is updated, and what the loss does not depend on has the gradient zero.
 */
export async function gradients(
  { experiment, out, wrt }: GradientsRequest,
  job: JobContext,
): Promise<TrainerResults['gradients']> {
  const provider = await chooseProvider(experiment.provider);
  job.progress('Reading the model');
  const prepared = await prepare(experiment, job.runtime, wrt);
  const { graph } = inMode(prepared, { provider, dropoutAsIdentity: true });
  const names = wrt ?? prepared.parameters.flatMap(({ name, trainable }) => (trainable ? [name] : []));
  for (const name of names) checkDifferentiable(graph, name);

  job.progress('Differentiating');
  const { loss, found } = addBackward(graph, prepared, names, await formOf(provider, job.runtime));
  const feeds = firstBatch(prepared);
  job.progress('Computing gradients');
  const computed =
    provider === 'cpu'
      ? job.runtime.run(exportGraph(graph), feeds)
      : runOnce(graph, feeds, { provider, threads: prepared.settings.threads });
  const results = await computed.catch(async (error: unknown) => {
    throw await blame(error, experiment, job.runtime);
  });

  const arrays = new Map<string, Tensor>([['loss', results.get(loss)!]]);
  for (const name of names) {
    const gradient = found.get(name);
    arrays.set(name, gradient === undefined ? zeros(graph.types.get(name)!) : results.get(gradient)!);
  }
  try {
    await writeFile(out, formatNpz(arrays));
  } catch (error) {
    throw new InputError(`${out}: cannot be written: ${fileTrouble(error)}.`);
  }
  return { loss: numbers(results.get(loss)!)[0]!, parameters: names.length };
}

function checkDifferentiable(graph: Graph, name: string): void {
  const type = graph.types.get(name);
  const known = graph.initializers.has(name) || graph.inputs.some((port) => port.name === name);
  if (!type || !known)
    throw new InputError(`The model has no input or initializer "${name}" to differentiate with respect to.`);
  if (!isFloat(type.dtype))
    throw new InputError(`"${name}" holds ${type.dtype}: only floating point numbers have a gradient.`);
}

/** Replaces the outputs of the graph by the loss and the gradients. */
function addBackward(
  graph: Graph,
  { settings, target }: PreparedExperiment,
  names: readonly string[],
  { rules, finish }: ProviderForm,
): { loss: string; found: Map<string, string> } {
  const g = new GraphBuilder(graph);
  graph.outputs = [];
  const { loss, gradient } = losses[settings.loss].build(
    g,
    g.value(settings.output),
    target && g.input(targetName, target.dtype, target.shape),
    settings.classAxis,
  );
  const computed = differentiate(g, new Map([[settings.output, gradient]]), names, rules);
  // An output of its own for each: one value may be the gradient of two parameters.
  const output = (value: typeof loss): string => {
    const own = g.identity(value);
    g.output(own);
    return own.name;
  };
  const found = names.flatMap((name) => {
    const value = computed.of(name);
    return value ? [[name, output(value)] as const] : [];
  });
  const result = { loss: output(loss), found: new Map(found) };
  finish?.(g);
  return result;
}

const zeros = ({ dtype, shape }: TensorType): Tensor => ({
  dtype,
  shape,
  data: new (arrayOf(dtype as 'float32'))(sizeOf(shape)),
});
