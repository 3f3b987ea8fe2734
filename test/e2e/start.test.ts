import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeBrowser, pictureOfFailure, Workbench } from './workbench';

/** The address that `npm start` prints. */
async function addressOf(started: ChildProcess): Promise<string> {
  let printed = '';
  started.stdout!.setEncoding('utf8');
  for await (const text of started.stdout! as AsyncIterable<string>) {
    printed += text;
    const [address] = /http:\/\/\S+/.exec(printed) ?? [];
    if (address && printed.includes('Ctrl+C')) return address;
  }
  throw new Error(`npm start printed no address:\n${printed}`);
}

describe('npm start', () => {
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('serves VS Code on the samples, with the extension loaded, until it is interrupted', async () => {
    const state = await mkdtemp(join(tmpdir(), 'gradient-doctor-start-'));
    const options = ['--no-build', '--host', 'browser', '--state', state];
    const started = spawn(process.execPath, ['scripts/start.mjs', ...options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((done) => started.once('exit', done));
    try {
      const address = await addressOf(started);
      const workbench = await Workbench.openAt(address);
      await workbench.page.locator('.explorer-viewlet').getByText('deep_sigmoid').waitFor();
      await workbench.page.locator('.gettingStartedContainer').getByText('Meet Gradient Doctor').first().waitFor();
      await workbench.close();
      started.kill('SIGINT');
      await ended;
      await assert.rejects(fetch(address));
    } finally {
      started.kill('SIGKILL');
      await rm(state, { recursive: true });
    }
  });
});
