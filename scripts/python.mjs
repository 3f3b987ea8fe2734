// Runs a Python script with an interpreter that has PyTorch and ONNX: the one that PYTHON names, the one on the path,
// or a virtual environment that is made for it once, outside the tree.
//   node scripts/python.mjs SCRIPT [ARGS…]
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

const packages = ['torch', 'onnx', 'onnxscript', 'numpy'];
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gradient-doctor', 'python');
const inCache = join(cache, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

const hasPackages = (python) =>
  spawnSync(python, ['-c', packages.map((name) => `import ${name}`).join('\n')], { stdio: 'ignore' }).status === 0;

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function makeEnvironment() {
  console.error(`No Python with ${packages.join(', ')} found: making one in ${cache}`);
  run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', cache]);
  run(inCache, ['-m', 'pip', 'install', '--quiet', ...packages]);
  return inCache;
}

const python =
  [process.env.PYTHON, 'python3', 'python', inCache].find((name) => name && hasPackages(name)) ?? makeEnvironment();
run(python, process.argv.slice(2));
