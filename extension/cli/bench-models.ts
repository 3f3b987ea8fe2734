/** The networks of the benchmark, written out with weights. They ship without, being forty megabytes of random numbers. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TensorProto_DataType, type TensorProto } from '../onnx/onnx_pb';
import { readModel, writeModel } from '../onnx/model-file';
import { InputError } from '../protocol/errors';

/** Beside the bundle: models/<name>.onnx, models.py and pytorch.py. */
export const benchFolder = join(__dirname, 'bench');

export const benchModels = (): string[] =>
  readdirSync(join(benchFolder, 'models'))
    .flatMap((file) => (file.endsWith('.onnx') ? [file.slice(0, -'.onnx'.length)] : []))
    .sort();

/** @returns the path of the model in `folder` @throws InputError for a name that is none of the benchmark's */
export async function writeBenchModel(name: string, folder: string): Promise<string> {
  const names = benchModels();
  if (!names.includes(name))
    throw new InputError(`The benchmark has no model "${name}": choose from ${names.join(', ')}.`);
  const { proto } = await readModel(join(benchFolder, 'models', `${name}.onnx`));
  for (const weight of proto.graph!.initializer) if (isLeftOut(weight)) weight.rawData = draw(weight);
  const path = join(folder, `${name}.onnx`);
  await writeModel(path, proto);
  return path;
}

const isLeftOut = ({ dataType, rawData, floatData }: TensorProto): boolean =>
  dataType === (TensorProto_DataType.FLOAT as number) && rawData.length === 0 && floatData.length === 0;

/** Uniform numbers of variance 1/fan-in; ones for vectors, which are biases and the statistics and scales of norms. */
function draw({ dims }: TensorProto): Uint8Array {
  const shape = dims.map(Number);
  const size = shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(size).fill(1);
  if (shape.length > 1) {
    const limit = Math.sqrt((3 * shape[0]!) / size);
    // Numerical Recipes' generator: quick, and nobody looks at the numbers.
    for (let i = 0, state = size; i < size; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      values[i] = limit * (state / 2 ** 31 - 1);
    }
  }
  return new Uint8Array(values.buffer);
}
