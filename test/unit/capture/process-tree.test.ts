import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTree } from '../../../extension/capture/process-tree';

const node = process.execPath;

describe('a process tree', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gradient-doctor-tree-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Starts another process that never ends, writes its id, and never ends itself. */
  const endless = (file: string) => `
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    require('node:fs').writeFileSync(${JSON.stringify(file)}, String(child.pid));
    console.log('started');
    setInterval(() => {}, 1000);`;

  const isAlive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };

  async function gone(pid: number): Promise<void> {
    while (isAlive(pid)) await new Promise((later) => setTimeout(later, 20));
  }

  it('passes on what is printed, and the exit code', async () => {
    const lines: string[] = [];
    const end = await runTree(node, ['-e', 'console.log("one\\ntwo"); console.error("three"); process.exitCode = 4'], {
      cwd: folder,
      timeoutSeconds: 60,
      log: (line) => lines.push(line),
    });
    assert.deepEqual(end, { kind: 'exited', code: 4, signal: null });
    assert.deepEqual(lines.toSorted(), ['one', 'three', 'two']);
  });

  it('ends with everything that it has started when it is cancelled', async () => {
    const file = join(folder, 'pid');
    const cancel = new AbortController();
    const end = await runTree(node, ['-e', endless(file)], {
      cwd: folder,
      timeoutSeconds: 60,
      signal: cancel.signal,
      log: () => {
        cancel.abort();
      },
    });
    assert.deepEqual(end, { kind: 'cancelled' });
    await gone(Number(await readFile(file, 'utf8')));
  });

  it('is not waited for longer than its time', async () => {
    const end = await runTree(node, ['-e', endless(join(folder, 'pid'))], { cwd: folder, timeoutSeconds: 0.3 });
    assert.deepEqual(end, { kind: 'timeout' });
  });

  it('leaves nothing behind when it ends by itself', async () => {
    const file = join(folder, 'pid');
    const code = `${endless(file)} process.exit(0)`;
    assert.deepEqual(await runTree(node, ['-e', code], { cwd: folder, timeoutSeconds: 60 }), {
      kind: 'exited',
      code: 0,
      signal: null,
    });
    await gone(Number(await readFile(file, 'utf8')));
  });

  it('says why it cannot be started', async () => {
    const end = await runTree(join(folder, 'nothing'), [], { cwd: folder, timeoutSeconds: 60 });
    assert.deepEqual(end, { kind: 'unstartable', why: 'there is no such file or folder' });
  });
});
