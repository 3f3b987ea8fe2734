/** NumPy's format for one array (NEP 1, versions 1 to 3). */
import { arrayOf, sizeOf, type Tensor } from '../../onnx/tensor';
import { ArrayError, arrayFromBytes, elementCount, type ArrayDataType } from './array-type';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The type letters of NumPy, without the byte order. */
const types: Readonly<Record<string, ArrayDataType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** @throws ArrayError saying what is wrong with the bytes. */
export function parseNpy(bytes: Uint8Array): Tensor {
  if (bytes.length < 10 || magic.some((byte, i) => bytes[i] !== byte)) throw new ArrayError('it is not a .npy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw new ArrayError(`version ${version} of the .npy format is not known`);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) throw new ArrayError('it ends inside its header');
  const end = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length) throw new ArrayError('it ends inside its header');
  const header = new TextDecoder().decode(bytes.subarray(start, end));

  const { order, dtype } = parseType(field(header, 'descr', /^'([^']*)'/));
  const fortran = field(header, 'fortran_order', /^(True|False)/) === 'True';
  const sizes = field(header, 'shape', /^\(([\d,\sL]*)\)/);
  const shape = sizes.split(',').flatMap((size) => (size.trim() ? [parseInt(size, 10)] : []));
  elementCount(shape);

  const body = bytes.subarray(end);
  const read = arrayFromBytes(
    dtype,
    fortran ? [...shape].reverse() : shape,
    order === '>' ? swapped(body, arrayOf(dtype).BYTES_PER_ELEMENT) : body,
  );
  return fortran ? transposed(read) : read;
}

/** The bytes of a .npy file, version 1. */
export function formatNpy({ dtype, shape, data }: Tensor): Uint8Array {
  const type = Object.entries(types).find(([, name]) => name === dtype)?.[0];
  if (!type || !ArrayBuffer.isView(data)) throw new Error(`NumPy has no type for ${dtype}.`);
  const order = type.endsWith('1') ? '|' : '<';
  const sizes = shape.length === 1 ? `${shape[0]!},` : shape.join(', ');
  const text = `{'descr': '${order}${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The header, with the ten bytes before it, fills a multiple of 64 bytes and ends in a newline.
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([...magic, 1, 0, header.length & 0xff, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + header.length);
  return bytes;
}

/** The value of one key in the Python dictionary of the header. */
function field(header: string, key: string, value: RegExp): string {
  const at = new RegExp(`['"]${key}['"]\\s*:\\s*`).exec(header);
  const found = at && value.exec(header.slice(at.index + at[0].length));
  if (!found) throw new ArrayError(`its header has no readable "${key}"`);
  return found[1]!;
}

function parseType(descr: string): { order: string; dtype: ArrayDataType } {
  const dtype = types[descr.slice(1)];
  if (descr.includes('O')) throw new ArrayError('it holds Python objects; save numbers instead');
  if (!dtype) throw new ArrayError(`its type "${descr}" is not one of numbers`);
  return { order: descr[0]!, dtype };
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) result[i] = bytes[i - (i % width) + (width - 1 - (i % width))] ?? 0;
  return result;
}

/** Reverses the axes: an array in Fortran's order is the transpose of the same bytes in C's order. */
function transposed({ dtype, shape, data }: Tensor): Tensor {
  const source = data as Float32Array;
  const result = source.slice();
  const axes = [...shape].reverse();
  const strides = axes.map((_, i) => sizeOf(shape.slice(axes.length - i)));
  const index = axes.map(() => 0);
  let from = 0;
  for (let to = 0; to < source.length; to++) {
    result[to] = source[from]!;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < axes[axis]!) break;
      from -= strides[axis]! * axes[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype, shape: axes, data: result };
}
