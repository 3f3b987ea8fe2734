/**
 * `npm test`: installs, builds, checks types, style and format, and runs every test. The last line sums them up.
 *
 *   npm test                    everything
 *   npm test -- types unit      only these
 */
import { spawn } from 'node:child_process';
import { installAndBuild, repository } from './install.mjs';
import { pythonWithTorch } from './python.mjs';
import { softwareWebGpu } from './vscode-server.mjs';

const bin = (path) => ['node_modules', ...path.split('/')].join('/');
const mocha = (folder) => [
  bin('mocha/bin/mocha.js'),
  '--no-config',
  '--timeout',
  '60000',
  `out/test/${folder}/**/*.test.js`,
];

/** By name: what Node runs, and what it finds in its environment. A check passes or fails as a whole; suites count their tests. */
const stages = {
  types: { args: [bin('typescript/bin/tsc'), '--noEmit'] },
  lint: { args: [bin('eslint/bin/eslint.js'), '.'] },
  format: { args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  unit: { args: mocha('unit'), suite: true },
  parity: { args: mocha('parity'), suite: true },
  pytorch: {
    args: mocha('pytorch'),
    suite: true,
    environment: () => ({ GRADIENT_DOCTOR_PYTHON: pythonWithTorch() }),
  },
  webgpu: { args: mocha('webgpu'), suite: true, environment: softwareWebGpu },
  vscode: { args: ['scripts/test-vscode.mjs'], suite: true },
  e2e: {
    args: ['scripts/test-e2e.mjs'],
    suite: true,
    environment: () => ({ GRADIENT_DOCTOR_PYTHON: pythonWithTorch() }),
  },
  packaged: { args: ['scripts/test-packaged.mjs'], suite: true },
};

/** How suites sum themselves up: mocha's reporter, and `scripts/test-vscode.mjs`. */
const summaries = [/(\d+) passing/g, /(\d+) failing/g];
const ownSummary = /(\d+) passed, (\d+) failed/g;

const sum = (output, pattern, group = 1) =>
  [...output.matchAll(pattern)].reduce((total, match) => total + Number(match[group]), 0);

function runStage({ args, environment }) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, {
      cwd: repository,
      env: { ...process.env, ...environment?.() },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('close', (code) => done({ ok: code === 0, output }));
  });
}

installAndBuild();
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in stages));
if (unknown) {
  console.error(`There is no test stage "${unknown}". Known: ${Object.keys(stages).join(', ')}.`);
  process.exit(1);
}
let passed = 0;
let failed = 0;
for (const [name, stage] of Object.entries(stages)) {
  const { suite } = stage;
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n── ${name}`);
  const { ok, output } = await runStage(stage);
  const good = suite ? sum(output, summaries[0]) + sum(output, ownSummary) : Number(ok);
  const bad = suite ? sum(output, summaries[1]) + sum(output, ownSummary, 2) : Number(!ok);
  passed += good;
  // A suite that ends badly without naming a test has failed all the same, and so has one that ran nothing.
  failed += bad > 0 ? bad : Number(!ok || (suite === true && good === 0));
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
