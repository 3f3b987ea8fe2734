/** Hugging Face's safetensors format: the length of a JSON header, the header, the bytes of the tensors. */
import type { Tensor } from '../../onnx/tensor';
import { ArrayError, arrayFromBytes, type ArrayDataType } from './array-type';

const types: Readonly<Record<string, ArrayDataType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};

/** @throws ArrayError naming the array that is wrong, or saying what is wrong with the file. */
export function parseSafetensors(bytes: Uint8Array): Map<string, Tensor> {
  if (bytes.length < 8) throw new ArrayError('it ends inside its header');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > bytes.length - 8) throw new ArrayError('it ends inside its header');
  const start = 8 + Number(length);
  const body = bytes.subarray(start);
  const arrays = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(parseHeader(bytes.subarray(8, start)))) {
    if (name === '__metadata__') continue;
    try {
      arrays.set(name, readEntry(entry, body));
    } catch (error) {
      if (error instanceof ArrayError) throw new ArrayError(`array "${name}": ${error.message}`);
      throw error;
    }
  }
  return arrays;
}

function parseHeader(bytes: Uint8Array): object {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof header === 'object' && header !== null) return header;
  } catch {
    // Reported below, with the other ways not to be a header.
  }
  throw new ArrayError('its header is not readable JSON');
}

function readEntry(entry: unknown, body: Uint8Array): Tensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  const type = typeof dtype === 'string' ? types[dtype] : undefined;
  if (!type) throw new ArrayError(`its type ${JSON.stringify(dtype)} is not known`);
  if (!Array.isArray(shape) || !Array.isArray(offsets)) throw new ArrayError('its shape or its place is missing');
  const [begin, end] = offsets as unknown[];
  if (!isCount(begin) || !isCount(end) || begin > end || end > body.length)
    throw new ArrayError('its place lies outside the file');
  return arrayFromBytes(type, shape as number[], body.subarray(begin, end));
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
