import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { Telemetry } from '../../extension/protocol/telemetry';
import { aWorkspace, changeSettings, closeBrowser, pictureOfFailure, storedRuns, until, Workbench } from './workbench';

const axeSource = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
const sample = ['deep_sigmoid', 'model.onnx'];

/** The table of numbers of a chart, to the last digit. */
const numbersOf = (card: Locator) =>
  card.locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) => ({
      name: row.querySelector('th')!.textContent,
      cells: [...row.querySelectorAll('td')].map((cell) => cell.title),
    })),
  );

describe('Diagnose Gradients on the sigmoid sample', () => {
  let folder: string;
  let workbench: Workbench;

  before(async () => {
    folder = await aWorkspace();
    workbench = await Workbench.open(folder);
    await workbench.fromExplorer(sample, 'Diagnose Gradients');
    await workbench.statusBarItem().waitFor({ timeout: 60_000 });
    await workbench.runEnded();
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('tells the verdict in words', async () => {
    assert.match(await workbench.notification('deep_sigmoid'), /Gradients vanish: layers\.0 /);
    const panel = await workbench.panel();
    assert.match(await panel.locator('.verdict .headline').innerText(), /Gradients vanish: layers\.0 /);
    await panel.locator('.status').filter({ hasText: 'finished, 100 steps' }).waitFor();
  });

  it('names the starved layers in the findings and marks them in the tree', async () => {
    await workbench.showViews();
    const findings = await workbench.entries('Findings');
    assert.ok(
      findings.some((entry) => entry.startsWith('Error: Gradients vanish')),
      findings.join('\n'),
    );
    assert.ok(
      findings.some((entry) => /^Threshold 0\.001/.test(entry)),
      findings.join('\n'),
    );
    const layers = await workbench.entries('Layers');
    assert.ok(
      layers.some((entry) => /^layers\.0, error, ‖∇‖ .* Gemm/.test(entry)),
      layers.join('\n'),
    );
    const runs = await workbench.entries('Runs');
    assert.equal(runs.length, 1);
  });

  it('draws what was measured: curves and data table agree with the run', async () => {
    const [stored] = await storedRuns(folder);
    assert.ok(stored, 'the run is stored');
    const telemetry = new Telemetry(stored.run);
    assert.equal(telemetry.steps, 100);

    const panel = await workbench.panel();
    const card = panel.locator('[data-figure="profile"]');
    await card.getByRole('button', { name: 'Show the numbers' }).click();
    const rows = await numbersOf(card);
    assert.ok(rows.length > 20, `${rows.length} rows`);
    for (const { name: layer, cells } of rows) {
      const index = telemetry.layers.findIndex(({ name }) => name === layer);
      const weights = telemetry.weights(99, index)?.norm;
      const activation = telemetry.activation(99, index, 'gradientRms');
      const expected = [weights, activation].filter((value) => value !== undefined && !Number.isNaN(value));
      const shown = cells.filter((cell) => cell !== '').map(Number);
      assert.equal(shown.length, expected.length, layer);
      // The panel adds up in float32.
      for (const [place, value] of expected.entries())
        assert.ok(
          Math.abs(shown[place]! - value!) <= 1e-6 * value!,
          `${layer}: ${shown[place]} instead of ${String(value)}`,
        );
    }
    await card.getByRole('button', { name: 'Show the numbers' }).click();
  });

  it('paints curves, not blank canvases', async () => {
    const panel = await workbench.panel();
    for (const figure of ['profile', 'gradients', 'heat-map', 'loss']) {
      const canvas = panel.locator(`[data-figure="${figure}"] canvas`).first();
      await canvas.scrollIntoViewIfNeeded();
      const coloured = () =>
        canvas.evaluate((element) => {
          const { width, height } = element as HTMLCanvasElement;
          const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (
              data[i + 3]! > 128 &&
              Math.max(data[i]!, data[i + 1]!, data[i + 2]!) - Math.min(data[i]!, data[i + 1]!, data[i + 2]!) > 48
            )
              count++;
          return count;
        });
      await until(async () => (await coloured()) > 300, `${figure} is drawn`, 10_000);
    }
  });

  it('has no serious accessibility violation', async () => {
    const panel = await workbench.panel();
    await panel.evaluate(axeSource);
    const violations = await panel.evaluate(async () => {
      const { axe } = window as unknown as {
        axe: { run: () => Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
      };
      return (await axe.run()).violations;
    });
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    assert.deepEqual(
      serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`),
      [],
    );
  });

  for (const [name, theme, kind] of [
    ['light', 'Default Light Modern', 'vscode-light'],
    ['high-contrast', 'Default High Contrast', 'vscode-high-contrast'],
    ['dark', 'Default Dark Modern', 'vscode-dark'],
  ] as const)
    it(`follows the ${name} theme`, async () => {
      await workbench.showViews();
      await workbench.dismissNotifications();
      await changeSettings(folder, { 'workbench.colorTheme': theme });
      const panel = await workbench.panel();
      await panel.locator(`body.${kind}`).waitFor({ timeout: 15_000 });
      await panel.locator('.status').scrollIntoViewIfNeeded();
      await workbench.page.mouse.move(700, 895);
      await workbench.page.waitForTimeout(1500);
      await workbench.screenshot(name);
    });
});

describe('Diagnose Gradients on a recurrent network', () => {
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('shows the gradient at every time step, as curve, heat map and numbers', async () => {
    const steps = 6;
    const folder = await aWorkspace({ 'gradientDoctor.steps': steps });
    await cp('test/fixtures/parity/rnn-tanh-dynamo', join(folder, 'recurrent'), { recursive: true });
    const workbench = await Workbench.open(folder);
    await workbench.fromExplorer(['recurrent', 'model.onnx'], 'Diagnose Gradients');
    await workbench.statusBarItem().waitFor({ timeout: 60_000 });
    await workbench.runEnded();
    const panel = await workbench.panel();
    await panel
      .locator('.status')
      .filter({ hasText: `finished, ${steps} steps` })
      .waitFor();
    const [stored] = await storedRuns(folder);
    const telemetry = new Telemetry(stored!.run);
    const [norms] = telemetry.throughTime(steps - 1);
    assert.ok(norms && norms.length > 1, 'the time steps are measured');

    const show = async (figure: string) => {
      const card = panel.locator(`[data-figure="${figure}"]`);
      await card.scrollIntoViewIfNeeded();
      await card.getByRole('button', { name: 'Show the numbers' }).click();
      await card.locator('tbody tr').first().waitFor();
      return numbersOf(card);
    };
    assert.deepEqual(
      (await show('through-time')).map(({ cells }) => Number(cells[0])),
      [...norms],
    );
    assert.deepEqual(
      (await show('through-time-heat-map')).map(({ cells }) => Number(cells[0])),
      Array.from({ length: steps }, (_, step) => telemetry.throughTime(step)[0]![0]),
    );
    await workbench.screenshot('through-time');
    await workbench.close();
  });
});
