/**
 * VS Code without a desktop: its own server and browser workbench, from the npm package code-server.
 *
 *   node scripts/vscode-server.mjs   installs it
 *
 * The installation is kept outside the tree, in a folder named after its version; a failed try leaves nothing behind.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** code-server 4.139.1 is VS Code 1.139.1; its native modules want Node 24. */
const codeServerVersion = '4.139.1';
const nodeVersion = '24';
const installMinutes = 12;
const startSeconds = 60;

export const repository = resolve(fileURLToPath(import.meta.url), '../..');
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gradient-doctor');
const installation = join(cacheFolder, `vscode-server-${codeServerVersion}`);

/** What the native modules of the server are compiled against, and the browser; Debian's names. */
const debianPackages = ['libkrb5-dev', 'libx11-dev', 'libxkbfile-dev', 'libsecret-1-dev', 'pkg-config'];
const compilerPackages = { 'g++': 'g++', make: 'make', python3: 'python3' };
const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const succeeds = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const whereIs = (command) =>
  spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout?.trim() || undefined;

/** Path of a Chromium, or undefined where there is none. */
export const findBrowser = () => process.env.CHROMIUM_PATH ?? browsers.map(whereIs).find(Boolean);

/**
 * Installs what the system lacks, where that is possible (root and apt).
 * @param {boolean} browser whether a browser is needed here
 * @param {string[]} more packages of Debian that are needed besides
 * @throws one message that names what is missing
 */
function installSystemPackages(browser, more = []) {
  if (process.platform !== 'linux')
    throw new Error('VS Code in the browser is set up for Linux only. Use --host desktop.');
  const needsBuild = !existsSync(installation);
  const missing = [
    ...more.filter((name) => !succeeds('dpkg', '-s', name)),
    ...(!browser || findBrowser() ? [] : ['chromium']),
    ...(needsBuild ? debianPackages.filter((name) => !succeeds('dpkg', '-s', name)) : []),
    ...(needsBuild ? Object.keys(compilerPackages).filter((tool) => !whereIs(tool)) : []),
  ];
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !whereIs('apt-get'))
    throw new Error(`VS Code in the browser needs packages of the system. Install them first: sudo ${command}`);
  console.error(`Installing ${missing.join(', ')} …`);
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  spawnSync('apt-get', ['update', '-qq'], options);
  if (spawnSync('sh', ['-c', command], options).status !== 0)
    throw new Error(`Installing packages of the system failed. Try it by hand: ${command}`);
}

/** Without what an outer `npm test` says of itself: code-server reads the version of Node from its user agent. */
const environmentOutsideNpm = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));

function npmInstall(folder, packageName) {
  const bin = join(folder, 'node_modules/.bin');
  const { status, stdout, stderr, error } = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', packageName],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: installMinutes * 60_000,
      env: {
        ...environmentOutsideNpm(),
        PATH: `${bin}:${process.env.PATH}`,
        // The two packages build their native parts in install scripts, which this repository's settings forbid.
        npm_config_ignore_scripts: 'false',
        npm_config_dangerously_allow_all_scripts: 'true',
      },
    },
  );
  if (status !== 0)
    throw new Error(
      `npm install ${packageName} failed:\n${error?.message ?? ''}${`${stdout}\n${stderr}`.slice(-3000)}`,
    );
}

/** What WebGPU runs on where there is no GPU: the loader of Vulkan, and the software driver that comes with Chromium. */
const vulkanLoader = 'libvulkan1';
const softwareVulkan = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** The environment in which WebGPU works without a GPU; undefined where the machine has to have one. */
export function softwareWebGpu() {
  if (process.platform !== 'linux') return undefined;
  installSystemPackages(true, [vulkanLoader]);
  return existsSync(softwareVulkan) ? { VK_DRIVER_FILES: softwareVulkan, XDG_RUNTIME_DIR: tmpdir() } : undefined;
}

/**
 * Installs the server unless it is there. Takes about two minutes the first time.
 * @param {{ browser?: boolean }} options whether a browser to drive is needed, too
 */
export async function installServer({ browser = true } = {}) {
  installSystemPackages(browser);
  if (existsSync(installation)) return;
  await mkdir(cacheFolder, { recursive: true });
  const attempt = await mkdtemp(`${installation}-`);
  try {
    console.error(`Installing VS Code's server (code-server ${codeServerVersion}) into ${installation} …`);
    await writeFile(join(attempt, 'package.json'), '{ "private": true }\n');
    npmInstall(attempt, `node@${nodeVersion}`);
    npmInstall(attempt, `code-server@${codeServerVersion}`);
    await rename(attempt, installation).catch((error) => {
      // Another process was faster.
      if (!existsSync(installation)) throw error;
    });
  } finally {
    await rm(attempt, { recursive: true, force: true });
  }
}

const serverCommand = () => ({
  node: join(installation, 'node_modules/.bin/node'),
  main: join(installation, 'node_modules/code-server/lib/vscode/out/server-main.js'),
});

/** Installs a packaged extension into the server's data folder. */
export function installExtension(vsix, dataFolder) {
  const { node, main } = serverCommand();
  const { status, stdout, stderr } = spawnSync(
    node,
    [main, '--accept-server-license-terms', '--server-data-dir', dataFolder, '--install-extension', resolve(vsix)],
    { encoding: 'utf8', timeout: 120_000 },
  );
  if (status !== 0) throw new Error(`Installing ${vsix} failed:\n${stdout}${stderr}`);
}

/** Installs the extension of a working tree, as it is built there. */
export function linkExtension(tree, dataFolder) {
  const { publisher, name, version } = JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8'));
  const link = join(dataFolder, 'extensions', `${publisher}.${name}-${version}`);
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(tree, link);
}

/**
 * Starts the server on a free port.
 * @param {{ dataFolder: string, settings?: object, env?: Record<string, string>, port?: number, trust?: boolean, tests?: boolean }} options
 *   where it keeps its state; settings, in place of those that are there; additions to the environment of the extension host; whether folders are
 *   trusted; whether tests run in its extension host, which silences notifications
 * @returns {Promise<{ origin: string, pid: number, stop: () => Promise<void>, log: () => string }>}
 */
export async function startServer({ dataFolder, settings, env = {}, port = 0, trust = true, tests = false }) {
  const { node, main } = serverCommand();
  for (const scope of settings ? ['User', 'Machine'] : []) {
    await mkdir(join(dataFolder, 'data', scope), { recursive: true });
    await writeFile(join(dataFolder, 'data', scope, 'settings.json'), JSON.stringify(settings, undefined, 2));
  }
  const server = spawn(
    node,
    [
      main,
      ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token'],
      ...[
        '--accept-server-license-terms',
        '--telemetry-level',
        'off',
        ...(tests ? ['--enable-smoke-test-driver'] : []),
      ],
      ...['--server-data-dir', dataFolder, ...(trust ? ['--disable-workspace-trust'] : [])],
    ],
    // Its own process group, so that whatever it starts ends with it.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, ...env, PATH: process.env.PATH } },
  );
  let log = '';
  // Also where this process ends without having stopped it, as when nobody reads its output any more.
  const kill = () => process.kill(-server.pid, 'SIGKILL');
  process.once('exit', kill);
  const ended = new Promise((done) => server.once('exit', done)).finally(() => process.off('exit', kill));
  const stop = async () => {
    if (server.exitCode === null && server.signalCode === null) {
      process.kill(-server.pid, 'SIGTERM');
      const timer = setTimeout(() => process.kill(-server.pid, 'SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    }
  };
  const origin = await new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`VS Code's server did not start:\n${log}`)), startSeconds * 1000);
    const read = (line) => {
      log += `${line}\n`;
      const match = /agent listening on (\d+)/.exec(line);
      if (match) {
        clearTimeout(timer);
        found(`http://127.0.0.1:${match[1]}`);
      }
    };
    createInterface({ input: server.stdout }).on('line', read);
    createInterface({ input: server.stderr }).on('line', read);
    void ended.then((code) => failed(new Error(`VS Code's server ended (${code}):\n${log}`)));
  }).catch(async (error) => {
    await stop();
    throw error;
  });
  return { origin, pid: server.pid, stop, log: () => log };
}

/**
 * The workbench's address.
 * @param {string} origin of the server
 * @param {{ folder: string, extension?: string, tests?: string }} what a folder to open; an extension under
 *   development; its test entry point
 */
export function workbenchAddress(origin, { folder, extension, tests }) {
  const host = new URL(origin).host;
  const remote = (path) => `vscode-remote://${host}${path}`;
  const payload = [
    ...(extension ? [['extensionDevelopmentPath', remote(extension)]] : []),
    ...(tests ? [['extensionTestsPath', remote(tests)]] : []),
  ];
  const query = new URLSearchParams({ folder, ...(payload.length > 0 ? { payload: JSON.stringify(payload) } : {}) });
  return `${origin}/?${query}`;
}

const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How Playwright starts the browser. */
export const launchOptions = () => ({
  executablePath: findBrowser(),
  args: chromiumFlags,
  // Signals end this process, and with it the browser: see `endOnSignals`.
  handleSIGINT: false,
  handleSIGTERM: false,
  handleSIGHUP: false,
});

/** Ends what was started when this process is told to end. */
export function endOnSignals(cleanUp) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => {
      const giveUp = setTimeout(() => process.exit(130), 8000);
      void cleanUp().finally(() => {
        clearTimeout(giveUp);
        process.exit(130);
      });
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await installServer();
  console.log(`VS Code's server ${codeServerVersion} is installed in ${installation}.`);
}
