import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { cudaRuntimeIn, installCudaRuntime } from '../../../extension/trainer/cuda-runtime';

const trainer = resolve('dist/trainer.js');
const onLinux = process.platform === 'linux' && process.arch === 'x64' ? describe : describe.skip;

onLinux('a copy of the runtime with CUDA', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cuda-'));
    await mkdir(join(folder, 'given'));
    for (const name of ['cuda', 'shared'])
      await writeFile(join(folder, 'given', `libonnxruntime_providers_${name}.so`), Buffer.alloc(8192));
  });
  after(() => rm(folder, { recursive: true }));

  it('uses the library that the user has, and computes on the CPU as before', async () => {
    const to = join(folder, 'copy');
    const copy = await installCudaRuntime({ trainer, to, library: join(folder, 'given') });
    assert.equal(cudaRuntimeIn(to), copy);
    const environment = { ...process.env, GRADIENT_DOCTOR_RUNTIME: copy };
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/cli.js', 'providers', '--json'], {
      env: environment,
    });
    const providers = JSON.parse(stdout) as { id: string; usable: boolean; why?: string }[];
    assert.ok(providers.find(({ id }) => id === 'cpu')?.usable);
    // Zeros are no library.
    assert.equal(providers.find(({ id }) => id === 'cuda')?.usable, false);
    const sample = ['samples/healthy_residual/model.onnx', '--data', 'samples/healthy_residual/batch.npz'];
    const run = ['dist/cli.js', 'diagnose', ...sample, '--steps', '2', '--ep', 'auto', '--json'];
    const { stdout: told } = await promisify(execFile)(process.execPath, run, { env: environment, maxBuffer: 2 ** 25 });
    assert.equal((JSON.parse(told) as { provider: string }).provider, 'cpu');
  });

  it('refuses a folder without the library, and leaves nothing', async () => {
    const to = join(folder, 'refused');
    await assert.rejects(installCudaRuntime({ trainer, to, library: folder }), {
      name: 'InputError',
      message: /there is no libonnxruntime_providers_cuda\.so\. Name the folder/,
    });
    assert.equal(cudaRuntimeIn(to), undefined);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('refused')),
      [],
    );
  });

  it('is cancelled without a trace', async () => {
    const abort = new AbortController();
    abort.abort();
    const to = join(folder, 'cancelled');
    await assert.rejects(installCudaRuntime({ trainer, to, signal: abort.signal }), { message: 'Cancelled.' });
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('cancelled')),
      [],
    );
  });
});
