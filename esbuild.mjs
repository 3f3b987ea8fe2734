// Builds what ships (dist/) and what the tests load (out/: the same sources, one file each, unbundled).
import * as esbuild from 'esbuild';
import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { globSync } from 'tinyglobby';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Native code cannot be bundled, and the editor provides its own API.
  external: ['vscode', 'onnxruntime-node'],
  sourcemap: production ? false : 'linked',
  minify: production,
  logLevel: 'warning',
};

const entries = (...paths) => paths.filter((path) => existsSync(path));

const builds = [
  {
    ...node,
    entryPoints: entries(
      'extension/extension.ts',
      'extension/cli.ts',
      'extension/trainer/trainer.ts',
      'extension/editor/analysis-worker.ts',
    ),
    outdir: 'dist',
    entryNames: '[name]',
  },
  // Loaded when remedies are tried: see extension/panel/load-prescribe.ts.
  { ...node, entryPoints: ['extension/remedies/prescribe.ts'], outdir: 'dist', entryNames: '[name]' },
  // onnxruntime-node's installer of its CUDA library, for the copy that extension/trainer/cuda-runtime.ts makes.
  { ...node, entryPoints: ['onnxruntime-node/script/install.js'], outfile: 'dist/install-cuda.js' },
  // Loaded when there is a notebook: see extension/notebook/register.ts.
  { ...node, entryPoints: ['extension/notebook/feature.ts'], outfile: 'dist/notebook.js' },
  {
    bundle: true,
    platform: 'browser',
    target: 'es2023',
    format: 'esm',
    entryPoints: entries('webview/panel/panel.ts', 'webview/panel/panel.css'),
    outdir: 'dist/webview',
    entryNames: '[name]',
    sourcemap: production ? false : 'linked',
    minify: production,
    logLevel: 'warning',
  },
  // Its style sheets go into the script: a renderer is one file.
  {
    bundle: true,
    platform: 'browser',
    target: 'es2023',
    format: 'esm',
    loader: { '.css': 'text' },
    entryPoints: ['webview/notebook-renderer/notebook-renderer.ts'],
    outdir: 'dist/webview',
    entryNames: '[name]',
    sourcemap: production ? false : 'linked',
    minify: production,
    logLevel: 'warning',
  },
];
if (!production)
  builds.push({
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    entryPoints: globSync(['extension/**/*.ts', 'webview/**/*.ts', 'test/**/*.ts']),
    outdir: 'out',
    outbase: '.',
    logLevel: 'warning',
  });

// What the tests load outlives a build to ship.
for (const folder of production ? ['dist'] : ['dist', 'out']) await rm(folder, { recursive: true, force: true });
// Runs in the user's Python, as it is.
const shim = 'gradient_doctor_capture';
await cp(`extension/capture/${shim}`, `dist/${shim}`, {
  recursive: true,
  filter: (path) => !path.includes('__pycache__'),
});
for (const options of builds.filter((build) => build.entryPoints.length > 0)) {
  if (watch) await (await esbuild.context(options)).watch();
  else await esbuild.build(options);
}
// The models of `gradient-doctor bench`, and what times PyTorch on them.
await cp('extension/bench', 'dist/bench', { recursive: true, filter: (path) => !path.includes('__pycache__') });
