/**
 * `npm start`: installs, builds, and opens VS Code with the extension loaded, on the samples.
 *
 *   npm start                            on the desktop where there is one, else in the browser
 *   npm start -- --host desktop|browser  there
 *   npm start -- --port 8000             in the browser, at this port
 *   npm start -- --no-build              with what is built already
 *   npm start -- --state DIR             in the browser, where VS Code keeps settings and runs
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { installAndBuild, repository } from './install.mjs';

const hosts = ['desktop', 'browser'];
const { values } = parseArgs({
  options: {
    host: { type: 'string' },
    port: { type: 'string', default: '0' },
    state: { type: 'string' },
    build: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
if (values.host !== undefined && !hosts.includes(values.host)) end(`--host is one of ${hosts.join(', ')}.`);
if (!/^\d{1,5}$/.test(values.port)) end(`--port ${values.port} is not a port.`);
if (values.build) installAndBuild();

const { cacheFolder, endOnSignals, installServer, linkExtension, startServer, workbenchAddress } =
  await import('./vscode-server.mjs');
const samples = join(repository, 'samples');

function end(message) {
  console.error(message);
  process.exit(2);
}

/** Whether a window could be shown. The `code` of a remote terminal cannot load an extension from a folder. */
const hasDesktop =
  !process.env.VSCODE_IPC_HOOK_CLI &&
  (process.platform !== 'linux' || Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY));

const launch = (command, args, options) => {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'ignore'], ...options });
  return !error && status === 0;
};

/** In the VS Code that is installed, else in one that is downloaded once. */
async function openOnDesktop() {
  const args = ['--new-window', `--extensionDevelopmentPath=${repository}`, samples];
  const quoted = process.platform === 'win32' ? args.map((arg) => `"${arg}"`) : args;
  if (launch('code', quoted, { shell: process.platform === 'win32' })) return;
  console.log('Looking for a VS Code to download, since `code` is not on the PATH …');
  const { downloadAndUnzipVSCode } = await import('@vscode/test-electron');
  const executable = await downloadAndUnzipVSCode({ cachePath: join(cacheFolder, 'vscode') });
  const profile = ['--user-data-dir', join(cacheFolder, 'desktop'), '--disable-workspace-trust'];
  if (!launch(executable, [...args, ...profile])) throw new Error(`${executable} cannot be started.`);
}

/** What else would be in the way of the first look. */
const quiet = { 'chat.disableAIFeatures': true, 'git.openRepositoryInParentFolders': 'never' };

/** Serves until it is interrupted. What is done there is found again the next time. */
async function openInBrowser() {
  await installServer({ browser: false });
  const dataFolder = values.state ?? join(cacheFolder, 'browser');
  linkExtension(repository, dataFolder);
  const isNew = !existsSync(join(dataFolder, 'data/User/settings.json'));
  const server = await startServer({ dataFolder, port: Number(values.port), ...(isNew ? { settings: quiet } : {}) });
  endOnSignals(() => server.stop());
  console.log(`\nVS Code is at ${workbenchAddress(server.origin, { folder: samples })}`);
  console.log('Begin with "Gradient Doctor: Get Started" in the command palette. Ctrl+C here ends VS Code.');
}

try {
  if (values.host === 'browser' || (values.host === undefined && !hasDesktop)) await openInBrowser();
  else
    await openOnDesktop().catch(async (error) => {
      if (values.host === 'desktop') throw error;
      console.log(`There is no desktop VS Code here (${error.message}): it is served to your browser instead.`);
      await openInBrowser();
    });
} catch (error) {
  end(error.message);
}
