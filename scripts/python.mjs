/**
 * A Python with PyTorch and ONNX: the one that PYTHON names, the one on the path, or a virtual environment that is made
 * for it once, outside the tree.
 *
 *   node scripts/python.mjs SCRIPT [ARGS…]   runs a script with it
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The release that fixtures are made with. */
const torch = 'torch==2.13.0';
const modules = ['torch', 'onnx', 'onnxscript', 'numpy'];
const windows = process.platform === 'win32';
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gradient-doctor', 'python');
const inCache = join(cache, windows ? 'Scripts/python.exe' : 'bin/python');

const hasModules = (python) =>
  spawnSync(python, ['-c', modules.map((name) => `import ${name}`).join('\n')], { stdio: 'ignore' }).status === 0;

function run(command, args) {
  // Standard output belongs to the caller.
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (error || status !== 0)
    throw new Error(`${[command, ...args].join(' ')} failed${error ? `: ${error.message}` : ''}. See above.`);
}

function makeEnvironment() {
  console.error(`No Python with ${modules.join(', ')} found: making one in ${cache} …`);
  // What a failed try left there would be in the way.
  rmSync(cache, { recursive: true, force: true });
  run(windows ? 'python' : 'python3', ['-m', 'venv', cache]);
  run(inCache, ['-m', 'pip', 'install', '--quiet', torch, ...modules.slice(1)]);
  return inCache;
}

/** Path or name of the interpreter. Making one takes minutes, once. @throws where none can be made */
export const pythonWithTorch = () =>
  [process.env.PYTHON, 'python3', 'python', inCache].find((name) => name && hasModules(name)) ?? makeEnvironment();

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { status, error } = spawnSync(pythonWithTorch(), process.argv.slice(2), { stdio: 'inherit' });
  if (error) throw error;
  process.exitCode = status ?? 1;
}
