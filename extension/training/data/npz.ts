/** NumPy's format for several arrays: a zip archive with one .npy file per array. */
import { crc32 } from 'node:zlib';
import { inflateSync, zipSync } from 'fflate';
import type { Tensor } from '../../onnx/tensor';
import { ArrayError } from './array-type';
import { formatNpy, parseNpy } from './npy';

const signature = { localHeader: 0x04034b50, directoryEntry: 0x02014b50, directoryEnd: 0x06054b50 };
const methods = { stored: 0, deflated: 8 };

/** No stream of Deflate grows more than this when it is inflated, so a larger size in a header is a lie. */
const largestExpansion = 1032;

/** The files of an archive, by name, still packed. */
interface Entry {
  name: string;
  method: number;
  checksum: number;
  size: number;
  packed: Uint8Array;
}

/** @throws ArrayError naming the array that is wrong, or saying what is wrong with the archive. */
export function parseNpz(bytes: Uint8Array): Map<string, Tensor> {
  const arrays = new Map<string, Tensor>();
  for (const entry of entriesOf(bytes)) {
    if (!entry.name.endsWith('.npy')) continue;
    const name = entry.name.slice(0, -'.npy'.length);
    try {
      arrays.set(name, parseNpy(unpack(entry)));
    } catch (error) {
      if (error instanceof ArrayError) throw new ArrayError(`array "${name}": ${error.message}`);
      throw error;
    }
  }
  return arrays;
}

/** The bytes of an .npz file, uncompressed as `numpy.savez` writes it. */
export const formatNpz = (arrays: ReadonlyMap<string, Tensor>): Uint8Array =>
  zipSync(Object.fromEntries([...arrays].map(([name, array]) => [`${name}.npy`, formatNpy(array)])), { level: 0 });

/** Reads the central directory, which fflate trusts: sizes, offsets and checksums are checked here first. */
function entriesOf(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = directoryEnd(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== signature.directoryEntry)
      throw new ArrayError('its directory of arrays is damaged');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength!));
    if (/\p{Cc}|\ufffd/u.test(name)) throw new ArrayError('its directory of arrays is damaged');
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      size: view.getUint32(at + 24, true),
      packed: packedBytes(bytes, view, name, view.getUint32(at + 42, true), view.getUint32(at + 20, true)),
    });
    at += 46 + nameLength! + extraLength! + commentLength!;
  }
  return entries;
}

function directoryEnd(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--)
    if (view.getUint32(at, true) === signature.directoryEnd) return at;
  throw new ArrayError('it is not a complete .npz archive');
}

function packedBytes(bytes: Uint8Array, view: DataView, name: string, header: number, size: number): Uint8Array {
  if (header + 30 > bytes.length || view.getUint32(header, true) !== signature.localHeader)
    throw new ArrayError(`array "${name}": its place in the archive is damaged`);
  const start = header + 30 + view.getUint16(header + 26, true) + view.getUint16(header + 28, true);
  if (start + size > bytes.length) throw new ArrayError(`array "${name}": the archive ends before it does`);
  return bytes.subarray(start, start + size);
}

function unpack({ method, checksum, size, packed }: Entry): Uint8Array {
  if (method !== methods.stored && method !== methods.deflated)
    throw new ArrayError(`compression method ${method} is not known`);
  if (method === methods.stored ? size !== packed.length : size > largestExpansion * packed.length + 64)
    throw new ArrayError(`its size of ${size} bytes cannot be right`);
  const content = method === methods.stored ? packed : inflated(packed, size);
  if (content.length !== size || crc32(content) !== checksum) throw new ArrayError('its checksum does not match');
  return content;
}

function inflated(packed: Uint8Array, size: number): Uint8Array {
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch {
    throw new ArrayError('its compressed bytes are damaged');
  }
}
