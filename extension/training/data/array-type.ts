/** What the readers of array files share: bytes of a stated type and shape become a tensor, or a reason why not. */
import { arrayOf, type DataType, type Tensor } from '../../onnx/tensor';

/** A reason why an array cannot be read; the file reader that catches it adds which file and which array. */
export class ArrayError extends Error {}

export type ArrayDataType = Exclude<DataType, 'string'>;

/** The number of elements of a shape that a file states. @throws ArrayError unless every size is a count. */
export function elementCount(shape: readonly unknown[]): number {
  let count = 1;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
      throw new ArrayError(`its shape [${shape.map(String).join(', ')}] is not a list of sizes`);
    count *= size;
    if (!Number.isSafeInteger(count)) throw new ArrayError(`its shape [${shape.join(', ')}] is too large`);
  }
  return count;
}

/**
 * Little-endian elements, copied out of `bytes` so that they are aligned and the file can be let go.
 * @throws ArrayError unless there are exactly as many bytes as the shape wants; nothing is allocated before that.
 */
export function arrayFromBytes(dtype: ArrayDataType, shape: readonly number[], bytes: Uint8Array): Tensor {
  const ArrayType = arrayOf(dtype);
  const wanted = elementCount(shape) * ArrayType.BYTES_PER_ELEMENT;
  if (bytes.byteLength !== wanted)
    throw new ArrayError(
      `its shape [${shape.join(', ')}] of ${dtype} wants ${wanted} bytes, the file has ${bytes.byteLength}`,
    );
  // Not bytes.slice(): of a Buffer, which files are read into, that shares the memory.
  return { dtype, shape, data: new ArrayType(new Uint8Array(bytes).buffer) };
}
