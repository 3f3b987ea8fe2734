/** Tensors between the file and memory: every way that a `TensorProto` stores its elements. */
import { create } from '@bufbuild/protobuf';
import { InputError } from '../protocol/errors';
import { TensorProto_DataLocation, TensorProto_DataType, TensorProtoSchema, type TensorProto } from './onnx_pb';
import { arrayOf, dataTypeCodes, sizeOf, type DataType, type Tensor, type TensorData } from './tensor';

/** Reads `length` bytes of a tensor that is stored outside the model file. */
export type ReadExternal = (tensor: TensorProto, length: number) => Uint8Array;

/** ONNX Runtime, protobuf and Node agree on no larger piece of memory. */
export const largestTensor = 2 ** 31 - 1;

const typeNames = new Map<number, DataType>(
  Object.entries(dataTypeCodes).map(([name, code]) => [code, name as DataType]),
);

/**
 * The element type of a number of `TensorProto.DataType`.
 * @param where what has the type, for the message
 * @throws InputError for types that the engine does not compute with (complex, 8-bit float, 4-bit integer)
 */
export function dataTypeOf(code: number, where: string): DataType {
  const found = typeNames.get(code);
  if (found) return found;
  const name = TensorProto_DataType[code] ?? `number ${code}`;
  throw new InputError(
    `${where} has the element type ${name}, which Gradient Doctor does not read: export the model in float32.`,
  );
}

/**
 * The tensor that a `TensorProto` describes. Its memory is shared with the file where alignment allows.
 * @param where what the tensor is, for messages: `model.onnx: initializer "w"`
 * @throws InputError where sizes are negative, too large, or do not match the data
 */
export function decodeTensor(proto: TensorProto, where: string, readExternal: ReadExternal): Tensor {
  const dtype = dataTypeOf(proto.dataType, where);
  const shape = proto.dims.map(Number);
  const size = sizeOf(shape);
  if (shape.some((length) => length < 0) || !Number.isSafeInteger(size))
    throw new InputError(`${where} has the impossible shape [${shape.join()}]: the file is damaged.`);
  if (proto.segment) throw new InputError(`${where} is stored in segments, which no exporter writes: export it again.`);
  if (dtype === 'string') return { dtype, shape, data: strings(proto, size, where) };

  const external = proto.dataLocation === TensorProto_DataLocation.EXTERNAL;
  if (external || proto.rawData.length > 0) {
    const length = size * arrayOf(dtype).BYTES_PER_ELEMENT;
    if (length > largestTensor)
      throw new InputError(`${where} is larger than 2 GiB, which ONNX Runtime does not take.`);
    const bytes = external ? readExternal(proto, length) : proto.rawData;
    if (bytes.length !== length)
      throw new InputError(
        `${where} of shape [${shape.join()}] needs ${length} bytes but holds ${bytes.length}: the file is damaged.`,
      );
    return { dtype, shape, data: fromBytes(dtype, bytes) };
  }
  const values = listOf(proto, dtype);
  if (values.length !== size)
    throw new InputError(
      `${where} of shape [${shape.join()}] needs ${size} elements but holds ${values.length}: the file is damaged.`,
    );
  return { dtype, shape, data: fromList(dtype, values) };
}

/** The message that stores a tensor as raw bytes, memory shared. */
export function encodeTensor(name: string, { dtype, shape, data }: Tensor): TensorProto {
  const proto = create(TensorProtoSchema, { name, dataType: dataTypeCodes[dtype], dims: shape.map(BigInt) });
  if (isStrings(data)) proto.stringData = data.map((text) => new TextEncoder().encode(text));
  else proto.rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return proto;
}

const isStrings = (data: TensorData): data is string[] => Array.isArray(data);

function strings({ stringData }: TensorProto, size: number, where: string): string[] {
  if (stringData.length !== size)
    throw new InputError(`${where} needs ${size} strings but holds ${stringData.length}: the file is damaged.`);
  return stringData.map((bytes) => new TextDecoder().decode(bytes));
}

/** Little-endian bytes, as ONNX wants them, as elements. */
function fromBytes(dtype: Exclude<DataType, 'string'>, bytes: Uint8Array): TensorData {
  const array = arrayOf(dtype);
  const aligned = bytes.byteOffset % array.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / array.BYTES_PER_ELEMENT);
}

/** The field that holds elements of a type where they are not raw. */
function listOf(proto: TensorProto, dtype: DataType): readonly (number | bigint)[] {
  switch (dtype) {
    case 'float32':
      return proto.floatData;
    case 'float64':
      return proto.doubleData;
    case 'int64':
      return proto.int64Data;
    case 'uint32':
    case 'uint64':
      return proto.uint64Data;
    default:
      return proto.int32Data;
  }
}

/** Elements as listed; typed arrays keep the low bits, which is where float16, bfloat16 and the small integers are. */
function fromList(dtype: Exclude<DataType, 'string'>, values: readonly (number | bigint)[]): TensorData {
  if (dtype === 'int64' || dtype === 'uint64') {
    const data = dtype === 'int64' ? new BigInt64Array(values.length) : new BigUint64Array(values.length);
    values.forEach((value, i) => (data[i] = BigInt(value)));
    return data;
  }
  const data = new (arrayOf(dtype))(values.length) as Float32Array;
  values.forEach((value, i) => (data[i] = Number(value)));
  return data;
}
