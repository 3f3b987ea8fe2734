/** Reads a file of arrays, whichever of the known formats it has. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Tensor } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';
import { refuseLfsPointer } from '../../protocol/lfs-pointer';
import { ArrayError } from './array-type';
import { parseNpy } from './npy';
import { parseNpz } from './npz';
import { parseSafetensors } from './safetensors';

/** The name of the array in a file that holds one array without a name (.npy). */
export const unnamed = '';

const parsers: Readonly<Record<string, (bytes: Uint8Array) => Map<string, Tensor>>> = {
  '.npz': parseNpz,
  '.npy': (bytes) => new Map([[unnamed, parseNpy(bytes)]]),
  '.safetensors': parseSafetensors,
};

/** @throws InputError naming the file, the array and the reason. */
export async function readArrays(path: string): Promise<Map<string, Tensor>> {
  const parse = parsers[extname(path).toLowerCase()];
  if (!parse) throw new InputError(`${path}: data must be a ${Object.keys(parsers).join(', ')} file.`);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new InputError(`${path}: cannot be read: ${reasonOf(error)}.`);
  }
  refuseLfsPointer(bytes, path);
  try {
    const arrays = parse(bytes);
    if (arrays.size === 0) throw new ArrayError('it holds no arrays');
    return arrays;
  } catch (error) {
    if (error instanceof ArrayError) throw new InputError(`${path}: cannot be read: ${error.message}.`);
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'access is denied',
    EISDIR: 'it is a folder',
    ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB',
  };
  return reasons[code] ?? (error instanceof Error ? error.message : String(error));
}
