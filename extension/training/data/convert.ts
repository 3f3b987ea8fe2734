/** Arrays as users save them, in the element types that models take. */
import { fromBfloat16, fromFloat16 } from '../../autodiff/precision';
import { arrayOf, isFloat, type DataType, type Tensor } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';

/**
 * @param name how messages call the array
 * @throws InputError where that would lose what the numbers mean: fractions as integers, numbers as truth values.
 */
export function convert(name: string, array: Tensor, dtype: DataType): Tensor {
  if (array.dtype === dtype) return array;
  const refuse = (why: string) =>
    new InputError(`The array "${name}" holds ${array.dtype}, the model takes ${dtype}: ${why}.`);
  if (dtype === 'string' || array.dtype === 'string') throw refuse('text and numbers are not the same');
  const values = decode(array);
  if (dtype === 'float16' || dtype === 'bfloat16') throw refuse(`save it as ${dtype}`);
  if (!isFloat(dtype)) {
    if (isFloat(array.dtype)) throw refuse('save it as integers');
    if (dtype === 'bool' && values.some((value) => value !== 0 && value !== 1)) throw refuse('save it as truth values');
  }
  const wide = dtype === 'int64' || dtype === 'uint64';
  const result = new (arrayOf(dtype))(array.data.length) as Float32Array | BigInt64Array;
  for (let i = 0; i < result.length; i++) {
    const value = values[i]!;
    result[i] = wide ? BigInt(value) : Number(value);
    if (!isFloat(dtype) && Number(result[i]) !== Number(value)) throw refuse(`${value} does not fit`);
  }
  return { dtype, shape: array.shape, data: result };
}

function decode({ dtype, data }: Tensor): ArrayLike<number | bigint> & Pick<number[], 'some'> {
  const half = dtype === 'float16' ? fromFloat16 : dtype === 'bfloat16' ? fromBfloat16 : undefined;
  return (half ? Float32Array.from(data as Uint16Array, half) : data) as never;
}
