/** What can be told about a model without running it. */
import { fromBfloat16, fromFloat16 } from '../autodiff/precision';
import { unsupportedOperators } from '../autodiff/unsupported';
import type { GraphPort } from '../onnx/graph';
import { importGraph } from '../onnx/import';
import { findLayers } from '../onnx/layers';
import { readModel } from '../onnx/model-file';
import { findParameters } from '../onnx/parameters';
import type { Tensor } from '../onnx/tensor';
import type { Inspection, PortInfo } from '../protocol/inspection';

/**
 * Layers, parameters and why each is or is not one, and the operators that stand in the way of training.
 * @throws InputError where the model cannot be read
 */
export async function inspectModel(path: string): Promise<Inspection> {
  const model = await readModel(path);
  const graph = importGraph(model);
  const verdicts = findParameters(graph);
  const trainable = verdicts.filter((verdict) => verdict.trainable).map(({ name }) => name);
  return {
    model: path,
    producer: [model.proto.producerName, model.proto.producerVersion].filter(Boolean).join(' '),
    opset: graph.opset,
    inputs: graph.inputs.map(toPortInfo),
    outputs: graph.outputs.map(toPortInfo),
    layers: findLayers(graph, trainable).map(({ info }) => info),
    parameters: verdicts.map((verdict) => {
      const tensor = graph.initializers.get(verdict.name)!;
      return { ...verdict, shape: tensor.shape, dtype: tensor.dtype, ...statistics(tensor) };
    }),
    unsupported: unsupportedOperators(graph, trainable),
  };
}

/** An input or output of unknown rank has no sizes to show. */
const toPortInfo = ({ name, dtype, shape }: GraphPort): PortInfo => ({ name, dtype, shape: shape ?? [] });

/** Mean and standard deviation (of the population) of the elements, in double precision. */
export function statistics(tensor: Tensor): { mean: number; std: number } {
  const data = tensor.data as Exclude<Tensor['data'], string[] | BigInt64Array | BigUint64Array>;
  const decode = { float16: fromFloat16, bfloat16: fromBfloat16 }[tensor.dtype as string];
  const at = (i: number): number => (decode ? decode(data[i]!) : data[i]!);
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += at(i);
  const mean = sum / data.length;
  let squares = 0;
  for (let i = 0; i < data.length; i++) squares += (at(i) - mean) ** 2;
  return { mean, std: Math.sqrt(squares / data.length) };
}
