/** What `npm start` and `npm test` do first on a fresh clone: check Node, install the packages, build. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = resolve(fileURLToPath(import.meta.url), '../..');

const readJson = (path) => JSON.parse(readFileSync(join(repository, path), 'utf8'));

/** Whether what is installed is what the lock file says, optional packages of other platforms aside. */
function isInstalled() {
  if (!existsSync(join(repository, 'node_modules/.package-lock.json'))) return false;
  const installed = readJson('node_modules/.package-lock.json').packages;
  return Object.entries(readJson('package-lock.json').packages).every(
    ([path, { version, optional, devOptional }]) =>
      path === '' || optional || devOptional || installed[path]?.version === version,
  );
}

/** Runs a command with its output on the terminal, and ends this process where it fails. */
export function run(command, args, { allowed = [0] } = {}) {
  const { status, error } = spawnSync(command, args, { cwd: repository, stdio: 'inherit' });
  if (error) fail(`${command} cannot be run: ${error.message}`);
  if (!allowed.includes(status)) process.exit(status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function checkNode() {
  const [wantedMajor, wantedMinor] = readJson('package.json').engines.node.match(/\d+/g).map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor))
    fail(`Node ${wantedMajor}.${wantedMinor} or later is needed; this is ${process.version}. See https://nodejs.org.`);
}

/** @throws never; ends the process with one message where something is missing. */
export function installAndBuild() {
  checkNode();
  if (!isInstalled()) {
    console.error('Installing packages …');
    // The npm that runs this script, since on Windows `npm` alone is not an executable.
    const npm = process.env.npm_execpath;
    if (npm) run(process.execPath, [npm, 'ci']);
    else run('npm', ['ci']);
  }
  run(process.execPath, ['esbuild.mjs']);
}
