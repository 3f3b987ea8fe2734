/** Element types of ONNX tensors, by the numbers of `TensorProto.DataType`. */
export const dataTypeCodes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
export type DataType = keyof typeof dataTypeCodes;

export type Shape = readonly number[];

export interface TensorType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

/** float16 and bfloat16 keep their bits in a Uint16Array, bool one byte an element. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

export interface Tensor extends TensorType {
  readonly data: TensorData;
}

const arrays = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  float64: Float64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bfloat16: Uint16Array,
} as const;

/** The typed array that holds elements of a type; strings have none. */
export const arrayOf = (dtype: Exclude<DataType, 'string'>): (typeof arrays)[typeof dtype] => arrays[dtype];

export const sizeOf = (shape: Shape): number => shape.reduce((size, length) => size * length, 1);

export const isFloat = (dtype: DataType): boolean =>
  dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';

export const isInteger = (dtype: DataType): boolean => dtype.startsWith('int') || dtype.startsWith('uint');

/** A tensor from plain numbers. Integers of 64 bits become bigints. */
export function tensor(dtype: Exclude<DataType, 'string'>, shape: Shape, values: ArrayLike<number>): Tensor {
  const data = new (arrayOf(dtype))(values.length) as Float32Array | BigInt64Array;
  for (let i = 0; i < values.length; i++)
    data[i] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(values[i]!) : values[i]!;
  return { dtype, shape, data };
}

/** The elements as numbers, whatever their type. Not for float16, bfloat16 and strings. */
export const numbers = ({ data }: Tensor): number[] => Array.from(data as ArrayLike<number | bigint>, Number);
