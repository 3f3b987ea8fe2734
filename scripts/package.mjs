/**
 * Builds the extension and packs it for one platform, with that platform's runtime alone.
 *
 *   node scripts/package.mjs [--target linux-x64|linux-arm64|win32-x64|win32-arm64|darwin-arm64] [--out FILE]
 */
import { createVSIX } from '@vscode/vsce';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from './vscode-server.mjs';

/** Platforms for which ONNX Runtime publishes binaries. */
const targets = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'];
/** CUDA and TensorRT are installed on demand, not shipped; macOS finds its library by the short name. */
const leftOut = /providers_|\.map$|\.d\.ts$|libonnxruntime\.\d+\.\d+\.\d+\.dylib$/;

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const { values } = parseArgs({
  options: {
    target: { type: 'string', default: `${process.platform}-${process.arch}` },
    out: { type: 'string' },
  },
});
const { target } = values;
if (!targets.includes(target)) {
  console.error(`ONNX Runtime has no binaries for ${target}. Choose one of ${targets.join(', ')}.`);
  process.exit(2);
}

const require = createRequire(import.meta.url);
const packageFolder = (name) => {
  let folder = dirname(require.resolve(name));
  while (!existsSync(join(folder, 'package.json')) || !isPackage(folder, name)) folder = dirname(folder);
  return folder;
};
const isPackage = (folder, name) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name === name;

/** Copies parts of a package to where the bundles find it: `dist/node_modules`. */
function ship(name, parts) {
  const from = packageFolder(name);
  const to = join(repository, 'dist/node_modules', name);
  for (const part of ['package.json', ...parts])
    cpSync(join(from, part), join(to, part), { recursive: true, filter: (path) => !leftOut.test(path) });
}

execFileSync(process.execPath, ['esbuild.mjs', '--production'], { cwd: repository, stdio: 'inherit' });
ship('onnxruntime-common', ['dist/cjs']);
ship('onnxruntime-node', ['dist', `bin/napi-v6/${target.replace('-', '/')}`]);
const vsix = values.out ?? join(repository, `gradient-doctor-${target}-${version}.vsix`);
rmSync(vsix, { force: true });
await createVSIX({
  cwd: repository,
  target,
  packagePath: vsix,
  dependencies: false,
  allowMissingRepository: true,
  rewriteRelativeLinks: false,
});
rmSync(join(repository, 'dist/node_modules'), { recursive: true });
console.log(`${vsix}: ${(statSync(vsix).size / 2 ** 20).toFixed(1)} MB`);
