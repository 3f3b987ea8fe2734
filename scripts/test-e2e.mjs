/**
 * Runs test/e2e: a real browser on a real VS Code, with the extension of this tree or a packaged one.
 *
 *   node scripts/test-e2e.mjs [--vsix FILE] [--grep TEXT]
 *
 * Screenshots go to test-artifacts/.
 */
import Mocha from 'mocha';
import { chromium } from 'playwright-core';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { globSync } from 'tinyglobby';
import {
  endOnSignals,
  installExtension,
  installServer,
  launchOptions,
  linkExtension,
  repository,
  startServer,
  workbenchAddress,
} from './vscode-server.mjs';

const { values } = parseArgs({ options: { vsix: { type: 'string' }, grep: { type: 'string' } } });

await installServer();
const folder = mkdtempSync(join(tmpdir(), 'gradient-doctor-e2e-'));
const dataFolder = join(folder, 'server');
const artifacts = join(repository, 'test-artifacts', values.vsix ? 'packaged' : 'tree');
mkdirSync(artifacts, { recursive: true });
const servers = [];
let browser;
const cleanUp = async () => {
  await browser?.close();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
};
endOnSignals(cleanUp);
try {
  cpSync(join(repository, 'samples'), join(folder, 'samples'), { recursive: true });
  const serve = async (dataFolder, options) => {
    if (values.vsix) installExtension(values.vsix, dataFolder);
    else linkExtension(repository, dataFolder);
    const server = await startServer({ dataFolder, ...options });
    servers.push(server);
    return server;
  };
  const server = await serve(dataFolder);
  // One that trusts no folder until its user does.
  const wary = await serve(join(folder, 'wary'), {
    trust: false,
    settings: { 'security.workspace.trust.startupPrompt': 'never' },
  });
  browser = await chromium.launchServer(launchOptions());
  Object.assign(process.env, {
    E2E_ADDRESS: workbenchAddress(server.origin, { folder }),
    E2E_BROWSER: browser.wsEndpoint(),
    E2E_WARY_ADDRESS: workbenchAddress(wary.origin, { folder }),
    E2E_SERVER_PIDS: servers.map(({ pid }) => pid).join(),
    E2E_SAMPLES: join(folder, 'samples'),
    E2E_FOLDER: folder,
    E2E_DATA: dataFolder,
    E2E_ARTIFACTS: artifacts,
  });
  const mocha = new Mocha({ timeout: 120_000, slow: 30_000, grep: values.grep });
  for (const file of globSync('out/test/e2e/**/*.test.js', { cwd: repository, absolute: true })) mocha.addFile(file);
  process.exitCode = await new Promise((done) => mocha.run((failures) => done(failures > 0 ? 1 : 0)));
} finally {
  await cleanUp();
}
