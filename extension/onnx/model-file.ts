/** The ONNX file: bytes on disk to `ModelProto` and back, without loss. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { fileTrouble, InputError } from '../protocol/errors';
import { refuseLfsPointer } from '../protocol/lfs-pointer';
import { ModelProtoSchema, type ModelProto } from './onnx_pb';
import type { ReadExternal } from './tensor-proto';

export interface ModelFile {
  path: string;
  /** The file as it is on disk; tensors of `proto` share this memory. External data is not part of it. */
  bytes: Uint8Array;
  proto: ModelProto;
}

/** Protobuf's own limit. Larger models keep their weights in files beside the model. */
const largestModel = 2 ** 31 - 1;

/**
 * Reads an ONNX file. External data stays on disk until the graph is imported.
 * @throws InputError for what is no readable ONNX model
 */
export async function readModel(path: string): Promise<ModelFile> {
  return parseModel(await readBytes(path), path);
}

/**
 * @param path for messages, and to find external data
 * @throws InputError for what is no ONNX model
 */
export function parseModel(bytes: Uint8Array, path: string): ModelFile {
  if (bytes.length === 0) throw new InputError(`${path}: the file is empty. Export the model again.`);
  refuseLfsPointer(bytes, path);
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, bytes);
  } catch {
    throw new InputError(`${path}: not an ONNX model, or a damaged one. Export the model again.`);
  }
  // Almost any text parses as a protobuf message of unknown fields.
  if (!proto.graph || proto.irVersion < 1n)
    throw new InputError(`${path}: not an ONNX model: it has no graph or no version. Export the model again.`);
  return { path, bytes, proto };
}

/** Writes a model; whatever the file held that Gradient Doctor does not know is kept. */
export async function writeModel(path: string, proto: ModelProto): Promise<void> {
  await writeFile(path, serialize(proto, path));
}

/** @throws InputError for a model above protobuf's limit of 2 GiB */
export function serialize(proto: ModelProto, name: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = toBinary(ModelProtoSchema, proto);
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(tooLarge(name));
    throw error;
  }
  if (bytes.length > largestModel) throw new InputError(tooLarge(name));
  return bytes;
}

export const emptyModel = (): ModelProto => create(ModelProtoSchema, { producerName: 'gradient-doctor' });

/**
 * Reads tensors that are stored in files beside the model, each a slice of its file.
 * A model may come from anywhere, so nothing outside its own folder is ever opened.
 */
export function externalReader(modelPath: string): ReadExternal {
  const folder = dirname(resolve(modelPath));
  return (tensor, length) => {
    const where = `${modelPath}: external data of "${tensor.name}"`;
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = entries.get('location') ?? '';
    const offset = Number(entries.get('offset') ?? 0);
    const stored = Number(entries.get('length') ?? length);
    if (!Number.isSafeInteger(offset) || offset < 0) throw new InputError(`${where} has no valid offset.`);
    if (stored !== length) throw new InputError(`${where} is ${stored} bytes long, but its shape needs ${length}.`);
    return readSlice(locate(folder, location, where), offset, length, where);
  };
}

/** The path of external data, which may not leave the folder of the model, not even through a link. */
function locate(folder: string, location: string, where: string): string {
  const outside = new InputError(`${where} is outside the model's folder ("${location}"), which is not allowed.`);
  if (location === '' || location.includes('\0')) throw new InputError(`${where} names no file.`);
  // Windows' separators and drives are refused everywhere, so that a model means the same on every machine.
  if (isAbsolute(location) || /^[a-z]:|\\/i.test(location) || location.split('/').includes('..')) throw outside;
  let path: string;
  try {
    path = realpathSync(resolve(folder, location));
  } catch {
    throw new InputError(`${where} is missing: there is no "${location}" in ${folder}.`);
  }
  const inside = relative(realpathSync(folder), path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) throw outside;
  return path;
}

function readSlice(path: string, offset: number, length: number, where: string): Uint8Array {
  // Opening a pipe would wait for ever.
  const status = statSync(path);
  if (!status.isFile()) throw new InputError(`${where} is not in a file.`);
  const file = openSync(path, 'r');
  try {
    if (offset + length > status.size)
      throw new InputError(`${where} reaches past the end of "${basename(path)}": the file is cut off.`);
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const read = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
      if (read === 0) throw new InputError(`${where} could not be read to its end.`);
      done += read;
    }
    return bytes;
  } finally {
    closeSync(file);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const status = await stat(path);
    if (!status.isFile()) throw new InputError(`${path}: not a file. Give the path of an .onnx file.`);
    if (status.size > largestModel) throw new InputError(tooLarge(path));
    return await readFile(path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      code === 'ENOENT'
        ? `${path || 'The path is empty'}: no such file.`
        : `${path}: cannot be read: ${fileTrouble(error)}.`,
    );
  }
}

const tooLarge = (path: string): string =>
  `${path}: larger than 2 GiB, the limit of the ONNX file format. Export the model with external data.`;
