import { create, fromBinary } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importGraph } from '../../../extension/onnx/import';
import { readModel, writeModel } from '../../../extension/onnx/model-file';
import { ModelProtoSchema, TensorProto_DataLocation, TensorProtoSchema } from '../../../extension/onnx/onnx_pb';
import { InputError } from '../../../extension/protocol/errors';
import { metadata, modelBytes, node, port } from './models';

describe('readModel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refuses = async (path: string, message: RegExp): Promise<void> => {
    await assert.rejects(
      async () => importGraph(await readModel(path)),
      (error) => error instanceof InputError && message.test(error.message) && error.message.includes(path),
    );
  };

  it('refuses what is no model, saying what it is', async () => {
    await writeFile(join(folder, 'empty.onnx'), '');
    await writeFile(join(folder, 'text.onnx'), '# a readme\n');
    await writeFile(join(folder, 'cut.onnx'), external({ location: 'w.bin' }).subarray(0, 40));
    await refuses(join(folder, 'empty.onnx'), /empty/);
    await refuses(join(folder, 'text.onnx'), /not an ONNX model/);
    await refuses(join(folder, 'cut.onnx'), /not an ONNX model, or a damaged one/);
    await refuses(join(folder, 'none.onnx'), /no such file/);
    await refuses(folder, /not a file/);
  });

  const external = (entries: Record<string, string>): Uint8Array =>
    modelBytes({
      input: [port('x', [2])],
      output: [port('y', [2])],
      initializer: [
        create(TensorProtoSchema, {
          name: 'w',
          dataType: 1,
          dims: [2n],
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: metadata(entries),
        }),
      ],
      node: [node('Add', ['x', 'w'], ['y'])],
    });

  it('reads weights from the file beside the model', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data/w.bin'), new Float32Array([9, 1.5, -2]));
    const path = join(folder, 'model.onnx');
    await writeFile(path, external({ location: 'data/w.bin', offset: '4', length: '8' }));
    assert.deepEqual(importGraph(await readModel(path)).initializers.get('w')?.data, new Float32Array([1.5, -2]));
  });

  it('never leaves the folder of the model', async () => {
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await writeFile(join(folder, 'secret'), new Float32Array([1, 2]));
    await symlink(join(folder, 'secret'), join(inner, 'link'));
    await symlink(folder, join(inner, 'up'));
    const path = join(inner, 'model.onnx');
    for (const location of ['../secret', join(folder, 'secret'), 'link', 'up/secret', 'C:\\secret', '..\\secret']) {
      await writeFile(path, external({ location }));
      await refuses(path, /outside the model's folder/);
    }
  });

  it('refuses external data that does not fit', async () => {
    await writeFile(join(folder, 'w.bin'), new Float32Array([1, 2]));
    const path = join(folder, 'model.onnx');
    const cases: [Record<string, string>, RegExp][] = [
      [{ location: 'w.bin', offset: '4' }, /past the end/],
      [{ location: 'w.bin', offset: '-8' }, /no valid offset/],
      [{ location: 'w.bin', length: '4' }, /4 bytes long, but its shape needs 8/],
      [{ location: 'other.bin' }, /is missing/],
      [{ location: '.' }, /outside|not in a file/],
      [{}, /names no file/],
    ];
    for (const [entries, message] of cases) {
      await writeFile(path, external(entries));
      await refuses(path, message);
    }
  });

  it('writes back what it does not know', async () => {
    const path = join(folder, 'model.onnx');
    // Field 999 of ModelProto, a string: nothing that this version of the format has.
    const unknown = [0xba, 0x3e, 2, 104, 105];
    const bytes = new Uint8Array([...external({ location: 'w.bin' }), ...unknown]);
    await writeFile(path, bytes);
    await writeModel(path, (await readModel(path)).proto);
    const again = new Uint8Array(await readFile(path));
    assert.equal(fromBinary(ModelProtoSchema, again).$unknown?.[0]?.no, 999);
    assert.deepEqual(again, bytes);
  });
});
