/**
 * How long the notebook renderer takes for 200 layers × 10,000 steps: `node out/test/bench/notebook-renderer.js`. Prints
 * the size of the output, the milliseconds until its first charts are painted, and the slowest frame while it scrolls.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { Recorder } from '../../extension/notebook/engine/recorder';
import { syntheticRun } from '../e2e/synthetic-run';

const layers = Number(process.argv[2] ?? 200);
const steps = Number(process.argv[3] ?? 10_000);
const root = join(__dirname, '../../..');

function outputOf(): string {
  const { header, rows } = syntheticRun({ layers, steps });
  const { model, modelHash, provider, settings } = header;
  const provenance = {
    model,
    modelHash,
    provider,
    settings,
    versions: { gradientDoctor: '0' },
    platform: 'bench',
    uncertain: [],
  };
  const recorder = new Recorder(header, 'long', provenance, new Date(0).toISOString(), () => 1, '/');
  recorder.add({ firstStep: 0, count: steps, rows });
  recorder.end = { kind: 'finished' };
  return JSON.stringify(recorder.output());
}

const page = `<!doctype html><html><body class="vscode-dark"><div id="place"></div><script type="module">
import { activate } from '/renderer.js';
const output = await (await fetch('/output.json')).text();
const renderer = activate({});
const painted = () => [...document.querySelectorAll('[data-output]')].flatMap((host) => [...host.shadowRoot.querySelectorAll('[data-figure] canvas[role=img]')])
  .filter((canvas) => canvas.width > 0 && canvas.getBoundingClientRect().top < innerHeight)
  .filter((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value, i) => i % 4 === 3 && value > 200)).length;
await new Promise(requestAnimationFrame);
const begin = performance.now();
await renderer.renderOutputItem({ id: '1', json: () => JSON.parse(output) }, document.getElementById('place'));
const decoded = performance.now() - begin;
let drawn = 0;
while (painted() < 2 && performance.now() - begin < 10000) await new Promise(requestAnimationFrame);
drawn = performance.now() - begin;
await new Promise((later) => setTimeout(later, 1000));
for (const details of document.querySelector('[data-output]').shadowRoot.querySelectorAll('details')) details.open = true;
await new Promise((later) => setTimeout(later, 500));
let slowest = 0; let frames = 0; let last = performance.now();
const end = () => window.scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
while (!end() && frames < 600) {
  window.scrollBy(0, 40);
  await new Promise(requestAnimationFrame);
  const now = performance.now(); slowest = Math.max(slowest, now - last); last = now; frames++;
}
window.result = { decoded, drawn, frames, slowestFrame: slowest };
</script></body></html>`;

async function main(): Promise<void> {
  const output = outputOf();
  const renderer = await readFile(join(root, 'dist/webview/notebook-renderer.js'), 'utf8');
  const server = createServer(({ url }, response) => {
    const [type, body] =
      url === '/renderer.js'
        ? ['text/javascript', renderer]
        : url === '/output.json'
          ? ['application/json', output]
          : ['text/html', page];
    response.setHeader('content-type', type).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    const tab = await browser.newPage({ viewport: { width: 1000, height: 900 } });
    await tab.goto(`http://127.0.0.1:${port}/`);
    await tab.waitForFunction(() => 'result' in window, undefined, { timeout: 60_000 });
    const result = await tab.evaluate(() => (window as unknown as { result: object }).result);
    console.log(JSON.stringify({ layers, steps, megabytes: Number((output.length / 2 ** 20).toFixed(2)), ...result }));
  } finally {
    await browser.close();
    server.close();
  }
}

void main();
