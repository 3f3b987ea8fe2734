import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { serializeNotebook, type Notebook } from '../../extension/notebook/gradnb';
import { outputMime, type RunOutput } from '../../extension/protocol/notebook-output';
import { NotebookPage, press, readNotebook } from './notebook-page';
import { aWorkspace, changeSettings, closeBrowser, pictureOfFailure, until, Workbench } from './workbench';

const axeSource = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
const model = 'model: deep_sigmoid/model.onnx\ndata: { npz: deep_sigmoid/batch.npz }';
const cell = (text: string) => ({ kind: 'experiment' as const, source: text.split('\n') });
const lab: Notebook = {
  version: 1,
  cells: [
    { kind: 'markdown', source: ['# Sigmoid or ReLU?', '', 'Does the gradient reach the first layer?'] },
    cell(`name: sigmoid\n${model}\nsteps: 40`),
    cell(`name: relu\n${model}\nremedies: [ relu, kaiming-normal ]\nsteps: 40`),
    cell('compare: [ sigmoid, relu ]'),
    cell('sweep: { run: sigmoid, over: { optimizer.sgd.lr: [ 0.01, 1 ], steps: [ 5, 10 ] } }'),
  ],
};

describe('An experiment notebook', function () {
  this.timeout(240_000);
  let folder: string;
  let path: string;
  let workbench: Workbench;
  let notebook: NotebookPage;

  before(async () => {
    folder = await aWorkspace({ 'notebook.output.scrolling': false });
    path = join(folder, 'lab.gradnb');
    await writeFile(path, serializeNotebook(lab));
    workbench = await Workbench.open(folder);
    notebook = new NotebookPage(workbench);
    await notebook.open('lab.gradnb');
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  const read = () => readNotebook(path);
  const save = async (filled: (saved: Notebook) => boolean) => {
    await workbench.command('File: Save');
    await until(async () => filled(await read()), 'the file is saved');
  };

  it('runs all cells, shows each as it goes, and tells the verdict below each cell', async () => {
    await workbench.command('Notebook: Run All');
    const run = await notebook.output('run');
    await run
      .locator('.verdict .headline')
      .filter({ hasText: 'Gradients vanish: layers.0' })
      .waitFor({ timeout: 90_000 });
    const status = workbench.page.locator('.cell-statusbar-container');
    await status
      .filter({ hasText: /1 finding/ })
      .first()
      .waitFor();
    await status
      .filter({ hasText: /ms a step/ })
      .first()
      .waitFor();
    await until(
      async () => {
        await workbench.page.keyboard.press('Control+s');
        return (await read()).cells.slice(1).every(({ outputs: found }) => (found ?? []).length > 0);
      },
      'every cell has an output',
      120_000,
    );
    await workbench.screenshot('notebook-run');
  });

  it('draws the charts of the panel', async () => {
    const run = await notebook.output('run');
    const canvas = run.locator('[data-figure="profile"] canvas').first();
    await canvas.scrollIntoViewIfNeeded();
    await until(
      () =>
        canvas.evaluate((element) => {
          const { width, height } = element as HTMLCanvasElement;
          if (width === 0) return false;
          const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
          let coloured = 0;
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3]! > 128 && Math.max(data[i]!, data[i + 1]!) - Math.min(data[i]!, data[i + 2]!) > 48)
              coloured++;
          return coloured > 200;
        }),
      'the gradient is drawn by depth',
    );
  });

  it('compares runs by what differs and nothing else', async () => {
    await notebook.reveal(3);
    const compare = await notebook.output('compare');
    const heads = await compare.locator('thead th').first().locator('..').locator('th').allInnerTexts();
    assert.deepEqual(heads, ['Run', 'Verdict', 'Last loss', 'Steps', 'remedies']);
    assert.equal(await compare.locator('tbody tr').count(), 2);
    await workbench.screenshot('notebook-compare');
  });

  it('shows a sweep as a map and a table', async () => {
    await notebook.reveal(4);
    const sweep = await notebook.output('sweep');
    assert.equal(await sweep.locator('.sweep-map tbody td').count(), 4);
    // In one go: an output that scrolls may be drawn anew before it stands still.
    await sweep.locator('.sweep-map').evaluate((map) => {
      map.scrollIntoView({ block: 'nearest' });
    });
    await workbench.screenshot('notebook-sweep');
  });

  it('has no serious accessibility violation', async () => {
    const frame = await notebook.outputs();
    await frame.evaluate(axeSource);
    const violations = await frame.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: {
          run: (within: object) => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
        };
      };
      return (await axe.run({ include: [['[data-output]']] })).violations;
    });
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    assert.deepEqual(
      serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`),
      [],
    );
  });

  for (const [name, theme] of [
    ['light', 'Default Light Modern'],
    ['high-contrast', 'Default High Contrast'],
    ['dark', 'Default Dark Modern'],
  ] as const)
    it(`follows the ${name} theme`, async () => {
      await changeSettings(folder, { 'notebook.output.scrolling': false, 'workbench.colorTheme': theme });
      const frame = await notebook.outputs();
      const kind = name === 'high-contrast' ? 'vscode-high-contrast' : `vscode-${name}`;
      await frame.locator(`body.${kind}`).waitFor({ state: 'attached' });
      await notebook.reveal(1);
      const button = (await notebook.output('run')).getByText('Open in Panel');
      await until(
        () =>
          button.evaluate((one) => {
            const probe = document.body.appendChild(document.createElement('span'));
            probe.style.backgroundColor = 'var(--vscode-button-secondaryBackground, transparent)';
            const [wanted, is] = [probe, one].map((element) => getComputedStyle(element).backgroundColor);
            probe.remove();
            return is === wanted;
          }),
        'its buttons have the colours of the theme',
      );
      await workbench.screenshot(`notebook-${name}`);
    });

  it('is exported as a page that stands alone', async () => {
    await workbench.command('Gradient Doctor: Export Notebook');
    const page = join(folder, 'exported.html');
    await workbench.type(page);
    await workbench.notification('Saved exported.html');
    const html = await readFile(page, 'utf8');
    assert.match(html, /<h1[^>]*>Sigmoid or ReLU\?<\/h1>.*vanishing-gradient.*<svg/s);
  });

  it('opens a run in the gradient panel', async () => {
    const run = await notebook.output('run');
    await press(run.getByText('Open in Panel'));
    const isPanel = (frame: Frame) =>
      frame
        .locator('.run-header')
        .isVisible()
        .catch(() => false);
    await until(
      async () => (await Promise.all(notebook.frames().map(isPanel))).includes(true),
      'the panel shows the run',
    );
    await workbench.command('View: Close Editor');
  });

  it('is interrupted, saved, reopened, and still readable', async () => {
    const endless = { ...lab, cells: [cell(`name: endless\n${model}\nsteps: 1000000`)] };
    await writeFile(join(folder, 'endless.gradnb'), serializeNotebook(endless));
    await notebook.open('endless.gradnb');
    path = join(folder, 'endless.gradnb');
    await workbench.command('Notebook: Run All');
    await workbench.page
      .locator('.cell-statusbar-container')
      .filter({ hasText: /step \d+ of 1000000/ })
      .first()
      .waitFor({ timeout: 60_000 });
    await workbench.command('Notebook: Stop Execution');
    await workbench.page
      .locator('.cell-statusbar-container')
      .filter({ hasText: /stopped/ })
      .first()
      .waitFor();
    await save(({ cells }) => (cells[0]!.outputs ?? []).length === 3);
    const run = (await read()).cells[0]!.outputs!.find(({ mime }) => mime === outputMime)!.data as RunOutput;
    assert.equal(run.end?.kind, 'stopped');
    await workbench.command('View: Close All Editors');
    await notebook.open('endless.gradnb');
    await (await notebook.output('run')).locator('.status').filter({ hasText: 'stopped after' }).waitFor();
  });

  it('survives a reload in the middle of a run', async () => {
    await workbench.command('Notebook: Run All');
    await workbench.page
      .locator('.cell-statusbar-container')
      .filter({ hasText: /step \d+ of 1000000/ })
      .first()
      .waitFor({ timeout: 60_000 });
    await (await notebook.output('run')).locator('.status').filter({ hasText: 'running' }).waitFor();
    // The editor copies what is not saved when it has stood still for a second.
    await workbench.page.waitForTimeout(4000);
    await workbench.reload();
    const status = (await notebook.output('run')).locator('.status').filter({ hasText: /stopped after \d+ steps/ });
    await status.waitFor({ timeout: 60_000 });
  });

  it('is created from a template', async () => {
    await workbench.command('Gradient Doctor: New Experiment Notebook');
    await workbench.pick('Clip or not');
    await workbench.pick('exploding_rnn');
    const text = workbench.page.locator('.notebook-editor .view-lines').filter({ hasText: 'exploding_rnn/model.onnx' });
    await text.first().waitFor();
    await workbench.screenshot('notebook-template');
  });
});
