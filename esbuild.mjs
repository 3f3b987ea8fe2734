// Builds what ships (dist/) and what the tests load (out/: the same sources, one file each, unbundled).
import * as esbuild from 'esbuild';
import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { globSync } from 'tinyglobby';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');

/** Large parts that few sessions need: a bundle each, read when `import()` first asks for it. */
const readLater = ['extension/remedies/prescribe.ts'];

const bundlesOfTheirOwn = {
  name: 'bundles-of-their-own',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, kind, resolveDir }) => {
      const later = readLater.find((entry) => resolve(entry) === resolve(resolveDir, `${path}.ts`));
      return kind === 'dynamic-import' && later
        ? { path: `./${basename(later, '.ts')}.js`, external: true }
        : undefined;
    });
  },
};

const node = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  // Native code cannot be bundled, and the editor provides its own API.
  external: ['vscode', 'onnxruntime-node'],
  plugins: [bundlesOfTheirOwn],
  supported: { 'dynamic-import': false },
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
      ...readLater,
    ),
    outdir: 'dist',
    entryNames: '[name]',
  },
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
    supported: { 'dynamic-import': false },
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
