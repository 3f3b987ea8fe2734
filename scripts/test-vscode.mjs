/**
 * Runs test/vscode inside the extension host and prints the results: in a desktop VS Code (@vscode/test-electron), or
 * in VS Code's server with a headless browser where there is no desktop.
 *
 *   node scripts/test-vscode.mjs [--host desktop|browser] [--entry FILE]
 *
 * FILE is another entry point than that of test/vscode, as out/test/bench/editor.js is.
 */
import { runTests } from '@vscode/test-electron';
import { chromium } from 'playwright-core';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  endOnSignals,
  installServer,
  launchOptions,
  repository,
  startServer,
  workbenchAddress,
} from './vscode-server.mjs';

const limitMinutes = 4;

const { values } = parseArgs({ options: { host: { type: 'string' }, entry: { type: 'string' } } });
const tests = join(repository, values.entry ?? 'out/test/vscode/index.js');
const host = values.host ?? (process.platform === 'linux' && !process.env.DISPLAY ? 'browser' : 'desktop');

/** Prints what the test entry point reports, as it comes. */
class Results {
  #read = 0;
  passed = 0;
  failed = 0;
  ended = false;
  constructor(file) {
    this.file = file;
  }
  update() {
    if (!existsSync(this.file)) return;
    const lines = readFileSync(this.file, 'utf8').split('\n').slice(0, -1);
    for (const line of lines.slice(this.#read)) this.#print(JSON.parse(line));
    this.#read = lines.length;
  }
  #print({ event, title, milliseconds, message }) {
    if (event === 'pass') {
      this.passed++;
      console.log(`  ✔ ${title} (${milliseconds} ms)`);
    } else if (event === 'fail') {
      this.failed++;
      console.log(`  ✘ ${title}\n    ${message.replaceAll('\n', '\n    ')}`);
    } else if (event === 'pending') console.log(`  - ${title}`);
    else if (event === 'note') console.log(`    ${message}`);
    else this.ended = true;
  }
}

async function runInBrowser(folder, workspace, results) {
  await installServer();
  const server = await startServer({
    dataFolder: join(folder, 'server'),
    tests: true,
    settings: { 'workbench.startupEditor': 'none', 'chat.disableAIFeatures': true },
    env: { GRADIENT_DOCTOR_TEST_REPORT: results.file },
  });
  const browser = await chromium.launch(launchOptions());
  const cleanUp = async () => {
    await browser.close();
    await server.stop();
  };
  endOnSignals(cleanUp);
  try {
    const page = await browser.newPage();
    await page.goto(workbenchAddress(server.origin, { folder: workspace, extension: repository, tests }));
    const deadline = Date.now() + limitMinutes * 60_000;
    while (!results.ended && Date.now() < deadline) {
      await new Promise((done) => setTimeout(done, 300));
      results.update();
    }
    if (!results.ended) throw new Error(`The tests did not end within ${limitMinutes} minutes.\n${server.log()}`);
  } finally {
    await cleanUp();
  }
}

async function runOnDesktop(folder, workspace, results) {
  const watcher = setInterval(() => results.update(), 300);
  try {
    await runTests({
      cachePath: join(folder, '..', 'gradient-doctor-vscode'),
      extensionDevelopmentPath: repository,
      extensionTestsPath: tests,
      extensionTestsEnv: { GRADIENT_DOCTOR_TEST_REPORT: results.file },
      launchArgs: [
        workspace,
        '--disable-extensions',
        '--disable-workspace-trust',
        '--user-data-dir',
        join(folder, 'user'),
      ],
    });
  } catch (error) {
    results.update();
    if (!results.ended) throw error;
  } finally {
    clearInterval(watcher);
    results.update();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'gradient-doctor-'));
// A copy, so that no test can change the samples of the tree.
const workspace = join(folder, 'workspace');
if (existsSync(join(repository, 'samples'))) cpSync(join(repository, 'samples'), workspace, { recursive: true });
else mkdirSync(workspace);
const results = new Results(join(folder, 'report.jsonl'));
try {
  await (host === 'desktop' ? runOnDesktop : runInBrowser)(folder, workspace, results);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${results.passed} passed, ${results.failed} failed in the extension host (${host})`);
process.exitCode = results.failed > 0 || results.passed === 0 ? 1 : 0;
