/** The shipped command line as a process: samples, damaged files, a killed trainer, an interrupt. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RunDocument } from '../../../extension/cli/run-document';

const cli = resolve('dist/cli.js');
const sample = (name: string): string[] => [`samples/${name}/model.onnx`, '--data', `samples/${name}/batch.npz`];

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

function start(args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code, signal) => {
      done({ code, signal, out, err });
    });
  });
  return { child, ended };
}

const gradientDoctor = (...args: string[]): Promise<Ended> => start(args).ended;

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

/** The trainer of a command, once it is there. Linux lists the children of a process. */
async function trainerOf({ pid }: ChildProcess): Promise<number> {
  for (;;) {
    const [trainer] = childrenOf(pid!);
    if (trainer !== undefined) return trainer;
    await new Promise((done) => setTimeout(done, 20));
  }
}

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('gradient-doctor as a process', function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gradient-doctor-'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [name, symptom] of [
    ['deep_sigmoid', 'vanishing-gradient'],
    ['exploding', 'exploding-gradient'],
    ['plain_cnn', 'vanishing-gradient'],
    ['healthy_residual', undefined],
  ] as const)
    it(`finds ${symptom ?? 'nothing'} in the sample ${name}`, async () => {
      const { code, out, err } = await gradientDoctor('diagnose', ...sample(name), '--json', '--steps', '25');
      const { findings } = JSON.parse(out) as RunDocument;
      assert.equal(code, symptom ? 1 : 0, err);
      const seen = findings.filter(({ severity }) => severity !== 'information').map((finding) => finding.symptom);
      if (symptom) assert.ok(seen.includes(symptom), seen.join());
      else assert.deepEqual(seen, []);
    });

  it('calls the 30-layer sigmoid vanishing, not without update, though its gradients are below 1e-23', async () => {
    const { out } = await gradientDoctor('diagnose', ...sample('deep_sigmoid'), '--json', '--steps', '25');
    const { findings, steps } = JSON.parse(out) as RunDocument;
    const first = steps[0]!.layers[0]!.gradient.rms!;
    assert.ok(first > 0 && first < 1e-23, `${first}`);
    assert.deepEqual(
      findings.map(({ symptom }) => symptom).filter((symptom) => symptom === 'no-update'),
      [],
    );
  });

  it('does not need data: synthetic data shows the explosion too', async () => {
    const { code, out } = await gradientDoctor('diagnose', 'samples/exploding/model.onnx', '--json', '--steps', '5');
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as RunDocument).settings.loss, 'mse');
  });

  it('gives the same document twice', async () => {
    const once = await gradientDoctor('diagnose', ...sample('deep_sigmoid'), '--json', '--steps', '5');
    const again = await gradientDoctor('diagnose', ...sample('deep_sigmoid'), '--json', '--steps', '5');
    assert.equal(once.out, again.out);
  });

  for (const [what, bytes] of [
    ['an empty file', Buffer.alloc(0)],
    ['text', Buffer.from('not a model\n')],
    ['half a model', readFileSync('samples/deep_sigmoid/model.onnx').subarray(0, 90_000)],
  ] as const)
    it(`refuses ${what} in one line that names the file`, async () => {
      const path = join(folder, 'damaged.onnx');
      writeFileSync(path, bytes);
      const { code, out, err } = await gradientDoctor('diagnose', path);
      assert.deepEqual({ code, out, lines: err.trimEnd().split('\n').length }, { code: 2, out: '', lines: 1 });
      assert.ok(err.includes('damaged.onnx'), err);
    });

  it('refuses damaged data in one line that names the file', async () => {
    const path = join(folder, 'damaged.npz');
    const bytes = readFileSync('samples/deep_sigmoid/batch.npz');
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    const { code, err } = await gradientDoctor('diagnose', 'samples/deep_sigmoid/model.onnx', '--data', path);
    assert.equal(code, 2);
    assert.match(err, /^.*damaged\.npz: .*\n$/);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  const endless = ['diagnose', ...sample('deep_sigmoid'), '--steps', '1000000'];

  onLinux('ends with 3 and one line when its trainer is killed', async () => {
    const { child, ended } = start(endless);
    process.kill(await trainerOf(child), 'SIGKILL');
    const { code, err } = await ended;
    assert.equal(code, 3);
    assert.match(err, /^The trainer was killed.*\n$/);
  });

  onLinux('ends with 130 when interrupted, and leaves no process', async () => {
    const { child, ended } = start(endless);
    const trainer = await trainerOf(child);
    child.kill('SIGINT');
    const { code } = await ended;
    assert.equal(code, 130);
    assert.ok(!isRunning(trainer));
  });
});
