/** Which axis of each input counts samples, how many make a batch, and what sizes the model gets for the rest. */
import type { Graph, GraphPort } from '../../onnx/graph';
import { consumers } from '../../onnx/graph';
import type { Tensor, TensorType } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';

export interface BatchPlan {
  /** Samples in a batch. */
  batch: number;
  /** The type of every input, the batch's size filled in. */
  types: Map<string, TensorType>;
  /** The axis of every input that counts samples; undefined for one that is the same for all. */
  axes: Map<string, number | undefined>;
}

/** What a size that the model leaves open is taken for where no data says: enough for every kernel and pooling. */
const assumedSize = { sequence: 16, image: 32 };
const largestDefaultBatch = 64;

/**
 * @param output the name of the output that the loss takes: what counts samples there counts them in the inputs too
 * @param arrays the data by the names of the inputs; undefined where it is to be made up
 * @param stated the batch size asked for
 * @throws InputError where an input has no array, sizes do not fit, or the batch is against a fixed size
 */
export function planBatches(
  graph: Graph,
  output: string,
  arrays: ReadonlyMap<string, Tensor> | undefined,
  stated: number | undefined,
): BatchPlan {
  const axes = new Map(graph.inputs.map((port) => [port.name, sampleAxis(graph, port, output)] as const));
  const fixed = fixedBatch(graph, axes);
  if (stated !== undefined && (!Number.isInteger(stated) || stated < 1))
    throw new InputError(`A batch of ${stated} is not possible: give a whole number from 1 on.`);
  if (stated !== undefined && fixed && fixed.size !== stated)
    throw new InputError(
      `A batch of ${stated} does not fit the model: its input "${fixed.name}" has the fixed batch size ${fixed.size}. Leave --batch out, or export with a dynamic batch axis.`,
    );
  const rows = arrays && countRows(graph, axes, arrays);
  const batch = fixed?.size ?? stated ?? Math.min(largestDefaultBatch, rows ?? largestDefaultBatch);
  if (rows !== undefined && rows < batch)
    throw new InputError(
      fixed
        ? `The model takes batches of ${batch}, the data has only ${rows} rows.`
        : `A batch of ${batch} wants as many rows, the data has ${rows}.`,
    );
  const types = new Map(
    graph.inputs.map((port) => {
      const shape = arrays
        ? shapeFromArray(port, arrays.get(port.name)!, axes.get(port.name))
        : assumedShape(port, axes.get(port.name));
      const axis = axes.get(port.name);
      return [port.name, { dtype: port.dtype, shape: shape.map((size, i) => (i === axis ? batch : size)) }] as const;
    }),
  );
  return { batch, types, axes };
}

/** The samples are counted by the axis that says so by name, by what a recurrent layer calls batch, or as the output does. */
function sampleAxis(graph: Graph, { name, shape }: GraphPort, output: string): number | undefined {
  if (!shape) return 0;
  if (shape.length === 0) return undefined;
  const named = shape.findIndex((size) => typeof size === 'string' && /batch/i.test(size));
  if (named >= 0) return named;
  if (feedsTimeFirstRecurrence(graph, name)) return 1;
  const samples = graph.outputs.find((port) => port.name === output)?.shape?.[0];
  return Math.max(0, samples === undefined ? 0 : shape.indexOf(samples));
}

/** ONNX's recurrent operators take [time, batch, features] unless their layout says otherwise. */
const feedsTimeFirstRecurrence = (graph: Graph, input: string): boolean =>
  (consumers(graph).get(input) ?? []).some(
    ({ opType, inputs, attributes }) =>
      ['RNN', 'LSTM', 'GRU'].includes(opType) && inputs[0] === input && attributes.layout?.value !== 1,
  );

function fixedBatch(
  graph: Graph,
  axes: ReadonlyMap<string, number | undefined>,
): { name: string; size: number } | undefined {
  for (const { name, shape } of graph.inputs) {
    const axis = axes.get(name);
    const size = axis === undefined ? undefined : shape?.[axis];
    if (typeof size === 'number') return { name, size };
  }
  return undefined;
}

function countRows(
  graph: Graph,
  axes: ReadonlyMap<string, number | undefined>,
  arrays: ReadonlyMap<string, Tensor>,
): number | undefined {
  let counted: { name: string; rows: number } | undefined;
  for (const { name } of graph.inputs) {
    const array = arrays.get(name);
    if (!array) {
      const there = [...arrays.keys()].map((key) => `"${key}"`).join(', ');
      throw new InputError(`The data has no array "${name}", which the model takes as input; it has ${there}.`);
    }
    const axis = axes.get(name);
    if (axis === undefined) continue;
    const rows = array.shape[axis];
    if (rows === undefined)
      throw new InputError(`The array "${name}" of shape [${array.shape.join(', ')}] has no axis ${axis} for samples.`);
    if (counted && rows !== counted.rows)
      throw new InputError(`The array "${counted.name}" has ${counted.rows} rows, "${name}" has ${rows}.`);
    counted = { name, rows };
  }
  return counted?.rows;
}

function shapeFromArray({ name, shape }: GraphPort, array: Tensor, axis: number | undefined): number[] {
  const fits =
    !shape ||
    (shape.length === array.shape.length &&
      shape.every((size, i) => i === axis || typeof size === 'string' || size === array.shape[i]));
  if (!fits)
    throw new InputError(
      `The array "${name}" has shape [${array.shape.join(', ')}]; the model takes [${shape.join(', ')}].`,
    );
  return [...array.shape];
}

function assumedShape({ name, shape }: GraphPort, axis: number | undefined): number[] {
  if (!shape) throw new InputError(`The model does not say the shape of its input "${name}": give arrays with --data.`);
  const open = shape.length >= 4 ? assumedSize.image : assumedSize.sequence;
  return shape.map((size, i) => (typeof size === 'number' ? size : i === axis ? 1 : open));
}
