import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { numbers, tensor, type Tensor } from '../../../../extension/onnx/tensor';
import { InputError } from '../../../../extension/protocol/errors';
import { formatNpy, parseNpy } from '../../../../extension/training/data/npy';
import { formatNpz, parseNpz } from '../../../../extension/training/data/npz';
import { readArrays } from '../../../../extension/training/data/read-arrays';
import { parseSafetensors } from '../../../../extension/training/data/safetensors';
import { Random } from '../../../../extension/training/random';

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A .npy file with any header at all. */
const npyWithHeader = (header: string, body: Uint8Array = new Uint8Array(0), version = 1): Uint8Array =>
  new Uint8Array([
    ...latin1('\x93NUMPY'),
    version,
    0,
    ...(version === 1
      ? [header.length & 255, header.length >> 8]
      : [header.length & 255, header.length >> 8, header.length >> 16, header.length >> 24]),
    ...latin1(header),
    ...body,
  ]);

const safetensors = (header: string, body: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const bytes = new Uint8Array(8 + header.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(latin1(header), 8);
  bytes.set(body, 8 + header.length);
  return bytes;
};

describe('.npy', () => {
  it('keeps every type, shape and value', () => {
    const arrays: Tensor[] = [
      tensor('float32', [2, 3], [1, -2, 0.5, NaN, Infinity, -0]),
      tensor('float64', [1], [Math.PI]),
      tensor('int64', [], [-5]),
      tensor('bool', [3], [1, 0, 1]),
      tensor('uint8', [0, 4], []),
    ];
    for (const array of arrays) {
      assert.deepEqual(parseNpy(formatNpy(array)), array);
      assert.deepEqual(parseNpy(Buffer.from(formatNpy(array))), array);
    }
  });

  it('reads big-endian numbers and arrays in the order of Fortran', () => {
    const header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n";
    const read = parseNpy(npyWithHeader(header, new Uint8Array([0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6]), 2));
    assert.deepEqual(read.shape, [2, 3]);
    assert.deepEqual(numbers(read), [1, 2, 3, 4, 5, 6]);
  });

  it('refuses what it cannot be sure of', () => {
    const header = (descr: string, shape: string) =>
      npyWithHeader(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }\n`, new Uint8Array(8));
    assert.throws(() => parseNpy(header("'|O'", '(1,)')), /Python objects/);
    assert.throws(() => parseNpy(header("'<U2'", '(1,)')), /not one of numbers/);
    assert.throws(() => parseNpy(header("[('a', '<f4')]", '(2,)')), /no readable "descr"/);
    assert.throws(() => parseNpy(header("'<f4'", '(-2,)')), /no readable "shape"/);
    assert.throws(() => parseNpy(header("'<f4'", '(3,)')), /wants 12 bytes, the file has 8/);
    assert.throws(() => parseNpy(header("'<f4'", '(99999999999999999999,)')), /not a list of sizes/);
    assert.throws(() => parseNpy(header("'<f8'", '(4294967296, 4294967296)')), /too large/);
  });
});

describe('.npz', () => {
  const arrays = new Map([
    ['input', tensor('float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])],
    ['target', tensor('int64', [4], [0, 1, 1, 0])],
  ]);

  it('reads what it writes, and compressed archives', () => {
    assert.deepEqual(parseNpz(formatNpz(arrays)), arrays);
    const packed = Object.fromEntries([...arrays].map(([name, array]) => [`${name}.npy`, formatNpy(array)]));
    assert.deepEqual(parseNpz(zipSync(packed, { level: 9 })), arrays);
  });

  it('does not believe a size that no compression reaches', () => {
    const bytes = zipSync({ 'x.npy': formatNpy(tensor('float32', [64], Array(64).fill(0))) }, { level: 9 });
    const view = new DataView(bytes.buffer);
    const directory = view.getUint32(bytes.length - 6, true);
    view.setUint32(directory + 24, 0xfffffff0, true);
    assert.throws(() => parseNpz(bytes), /array "x": its size of 4294967280 bytes cannot be right/);
  });

  it('says what is wrong with 30 damaged files, in one line with the name of the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arrays-'));
    try {
      const whole = formatNpz(arrays);
      const random = new Random(0, 'damage');
      for (let i = 0; i < 30; i++) {
        const path = join(folder, `damaged-${i}.npz`);
        await writeFile(path, i % 2 ? truncated(whole, random) : scrambled(whole, random));
        await assert.rejects(readArrays(path), (error) => {
          assert.ok(error instanceof InputError, String(error));
          assert.match(error.message, /^[^\n]*damaged-\d+\.npz: cannot be read: [^\n]+\.$/);
          return true;
        });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says which array is damaged', () => {
    const bytes = formatNpz(arrays);
    const at = bytes.indexOf(0x93); // where the first array begins
    bytes[at + 130]! ^= 1;
    assert.throws(() => parseNpz(bytes), /array "input": its checksum does not match/);
  });
});

/** Cut off somewhere. */
const truncated = (bytes: Uint8Array, random: Random): Uint8Array => bytes.slice(0, random.integer(bytes.length));

/** With one byte of every array or of the directory wrong. */
function scrambled(bytes: Uint8Array, random: Random): Uint8Array {
  const damaged = bytes.slice();
  for (let i = 0; i < 40; i++) damaged[random.integer(damaged.length)]! ^= 1 + random.integer(255);
  return damaged;
}

describe('.safetensors', () => {
  const header = '{"__metadata__":{"by":"test"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';

  it('reads tensors by name', () => {
    const body = new Uint8Array(new Float32Array([1.5, -2]).buffer);
    assert.deepEqual(parseSafetensors(safetensors(header, body)), new Map([['w', tensor('float32', [2], [1.5, -2])]]));
  });

  it('refuses hostile and damaged headers', () => {
    assert.throws(() => parseSafetensors(safetensors(header)), /array "w": its place lies outside the file/);
    assert.throws(() => parseSafetensors(new Uint8Array(8).fill(255)), /ends inside its header/);
    assert.throws(() => parseSafetensors(safetensors('[1')), /not readable JSON/);
    const entry = (text: string) => safetensors(`{"w":${text}}`, new Uint8Array(8));
    assert.throws(() => parseSafetensors(entry('null')), /its type undefined is not known/);
    assert.throws(() => parseSafetensors(entry('{"dtype":"F32","shape":[1e300],"data_offsets":[0,8]}')), /not a list/);
    assert.throws(
      () => parseSafetensors(entry('{"dtype":"F32","shape":[4294967296],"data_offsets":[0,8]}')),
      /wants 17179869184 bytes, the file has 8/,
    );
    assert.throws(
      () => parseSafetensors(entry('{"dtype":"F32","shape":[2],"data_offsets":[8,0]}')),
      /outside the file/,
    );
  });
});

describe('readArrays', () => {
  it('names the file that is missing or of another kind', async () => {
    await assert.rejects(readArrays('/nowhere/batch.npz'), /batch\.npz: cannot be read: there is no such file/);
    await assert.rejects(readArrays('batch.csv'), /batch\.csv: data must be a \.npz, \.npy, \.safetensors file/);
  });

  it('tells a pointer of Git LFS from a damaged archive', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'arrays-'));
    try {
      const path = join(folder, 'batch.npz');
      await writeFile(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n');
      await assert.rejects(readArrays(path), /batch\.npz: a pointer of Git LFS, .*git lfs pull/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
