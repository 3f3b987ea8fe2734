/** The panel's page by itself: what it shows and asks for, and whether everyone can use it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import type { Finding } from '../../extension/protocol/finding';
import type { PanelToHost } from '../../extension/protocol/panel-messages';
import { parameterColumn, rowWidth } from '../../extension/protocol/run';
import { panelSearch } from '../../extension/panel/panel-search';
import type { Trial } from '../../extension/protocol/prescription';
import { aSearch } from '../unit/panel/trials';
import { depthColor } from '../../webview/charts/colors';
import { startPanelBrowser, type PanelBrowser } from './panel-page';
import type { ShownRun } from './panel-script';
import { syntheticRun } from './synthetic-run';
import { themes } from './themes';

const finding: Finding = {
  symptom: 'vanishing-gradient',
  severity: 'error',
  layers: ['encoder.layers.0', 'encoder.layers.2'],
  value: 2.4e-7,
  threshold: 1e-3,
  reference: 'AutoTrainer',
  message: 'Gradients vanish: encoder.layers.0 receives 2.4e-7 of what the last layers receive.',
};
const sigmoid: ShownRun = { name: 'deep sigmoid', layers: 12, steps: 60, findings: [finding] };
const others: ShownRun[] = [
  { name: 'residual', layers: 12, steps: 60, passed: 0.9 },
  { name: 'broken', layers: 12, steps: 60, broken: true, time: 20 },
];

const search = aSearch();
const isResidual = ({ remedies }: Trial) => remedies[0]!.id === 'residual';
const treated: ShownRun = { ...sigmoid, search: panelSearch(search, undefined, isResidual) };
const treating: ShownRun = {
  ...sigmoid,
  search: panelSearch(
    { ...search, prescriptions: [], end: undefined },
    { remedies: [{ id: 'gelu', parameters: {} }], learningRateFactor: 1, left: 3 },
    () => false,
  ),
};

interface AxeResults {
  violations: { id: string; impact: string; nodes: { html: string }[] }[];
}

describe('The gradient panel', () => {
  let browser: PanelBrowser;
  before(async () => {
    browser = await startPanelBrowser();
  });
  after(() => browser.close());

  const open = async (runs: readonly ShownRun[], theme: keyof typeof themes = 'dark', width = 1280): Promise<Page> => {
    const page = await browser.open({ theme, width, height: 900, runs });
    await page.locator(runs.length > 0 ? '.step-label:text-matches("^step")' : '.welcome').waitFor();
    return page;
  };
  const sent = (page: Page) => page.evaluate(() => window.harness.received);
  const tool = (figure: string, name: string) => `[data-figure="${figure}"] vscode-button[aria-label="${name}"]`;

  it('leads with the verdict, and its table has the numbers of the run', async () => {
    const page = await open([sigmoid]);
    assert.equal(await page.locator('.headline').textContent(), finding.message);
    await page.locator(tool('gradients', 'Show the numbers')).click();
    const cells = page.locator('[data-figure="gradients"] tbody tr').nth(4).locator('td');
    const { header, rows } = syntheticRun(sigmoid);
    const row = 4 * rowWidth(header.layout);
    const [weight, bias] = [0, 1].map((index) => rows[row + parameterColumn(header.layout, index, 'gradientNorm')]!);
    const shown = Number(await cells.first().getAttribute('title'));
    assert.ok(Math.abs(shown / Math.hypot(weight!, bias!) - 1) < 1e-6);
    await page.close();
  });

  it('draws curves, each in a colour of its own', async () => {
    const page = await open([sigmoid]);
    const expected = [0, 2, 4, 6, 8, 10].map((layer) =>
      [1, 3, 5].map((at) => parseInt(depthColor(layer, 12, 'dark').slice(at, at + 2), 16)),
    );
    await page.waitForFunction((colors) => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-figure="gradients"] canvas[role=img]')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const isThere = (color: number[]) => {
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3]! > 100 && color.every((channel, at) => Math.abs(channel - data[i + at]!) < 8)) return true;
        return false;
      };
      return colors.every(isThere);
    }, expected);
    await page.close();
  });

  it('moves through the steps by keyboard', async () => {
    const page = await open([sigmoid]);
    await page.locator('.step-control input').focus();
    await page.keyboard.press('Home');
    assert.equal(await page.locator('.step-label').textContent(), 'step 0 of 59');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.locator('.step-label').textContent(), 'step 1 of 59');
    await page.close();
  });

  it('follows a run that goes on', async () => {
    const page = await open([{ ...sigmoid, findings: [], running: true, sent: 10 }]);
    assert.match((await page.locator('.headline').textContent())!, /after 10 of 60 steps/);
    await page.evaluate(() => {
      window.harness.advance(0, 20);
    });
    await page.getByText('step 29 of 29').waitFor();
    await page.locator('vscode-button[aria-label="Stop the run"]').click();
    await page.waitForFunction(() =>
      window.harness.received.some((message) => message.type === 'command' && message.command === 'stop'),
    );
    await page.close();
  });

  it('compares runs in colours of their own', async () => {
    const page = await open([sigmoid, ...others]);
    await page.locator('vscode-button[aria-label="Compare runs"]').click();
    await page.locator('.compare-list vscode-checkbox').first().click();
    await page.locator('.chip').nth(1).waitFor();
    assert.deepEqual((await sent(page)).filter(({ type }) => type === 'watch').at(-1), {
      type: 'watch',
      ids: ['run-0', 'run-1'],
    });
    await page.locator('[data-figure="gradients"] .legend').getByText('residual').waitFor();
    await page.close();
  });

  it('searches, selects and hides layers in the tree', async () => {
    const page = await open([sigmoid]);
    await page.locator('[role=treeitem][data-path="encoder.layers.2"]').click();
    await page.waitForFunction(() =>
      window.harness.received.some((message) => message.type === 'layer' && message.layer === 'encoder.layers.2'),
    );
    await page.keyboard.press('Space');
    await page.locator('.tree-row.gone[data-path="encoder.layers.2"]').waitFor();
    await page.locator('vscode-text-field input').fill('layers.1');
    assert.equal(await page.locator('[role=treeitem][data-path="encoder.layers.2"]').count(), 0);
    await page.close();
  });

  it('hands pictures and tables to the editor to save', async () => {
    const page = await open([sigmoid]);
    await page.waitForTimeout(300);
    for (const format of ['PNG picture', 'SVG picture', 'CSV table']) {
      await page.locator(tool('loss', 'Export')).click();
      await page.locator('[data-figure="loss"] [role=menuitem]').getByText(format).click();
    }
    await page.waitForFunction(() => window.harness.received.filter(({ type }) => type === 'save').length === 3);
    const files = await page.evaluate(() =>
      window.harness.received.flatMap((message) =>
        message.type === 'save' ? [{ name: message.name, start: Array.from(message.content.slice(0, 5), String) }] : [],
      ),
    );
    assert.deepEqual(
      files.map(({ name }) => name),
      ['png', 'svg', 'csv'].map((extension) => `deep-sigmoid-loss-and-learning-rate.${extension}`),
    );
    assert.deepEqual(
      files.map(({ start }) => start.join('')),
      [Array.from(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d])).join(''), '<svg ', 'step,'],
    );
    // Title and legend, which the page shows beside its canvas, are part of the picture.
    const [pictureHeight, canvasHeight] = await page.evaluate(() => {
      const picture = window.harness.received.flatMap((message) =>
        message.type === 'save' ? [message.content] : [],
      )[0];
      const header = (picture as Uint8Array).slice(0, 24);
      const canvas = document.querySelector<HTMLCanvasElement>('[data-figure="loss"] canvas')!;
      return [new DataView(header.buffer).getUint32(20), canvas.height] as const;
    });
    assert.ok(pictureHeight > canvasHeight + 40, `${pictureHeight} and ${canvasHeight} pixels`);
    await page.close();
  });

  describe('lists what was tried', () => {
    const names = (page: Page) => page.locator('.trials tbody .remedy').allInnerTexts();
    const asked = async (page: Page, type: PanelToHost['type']) =>
      (await sent(page)).filter((message) => message.type === type).at(-1);

    it('fits beside the layers in an editor of common width, reasons included', async () => {
      const page = await browser.open({ theme: 'dark', width: 1080, height: 900, runs: [treated] });
      const table = page.locator('.trials-scroll');
      await table.waitFor();
      const [content, shown] = await table.evaluate((element) => [element.scrollWidth, element.clientWidth] as const);
      assert.ok(content <= shown, `${content} in ${shown} pixels`);
      await page.close();
    });

    it('offers to try remedies where nothing was tried yet', async () => {
      const page = await open([sigmoid]);
      await page.getByText('Prescribe Remedies').click();
      await page.waitForFunction(() => window.harness.received.some(({ type }) => type === 'command'));
      assert.deepEqual(await asked(page, 'command'), { type: 'command', command: 'prescribeRun' });
      await page.close();
    });

    it('the best first, with the winner in words', async () => {
      const page = await open([treated]);
      assert.deepEqual(await names(page), ['residual', 'highway', 'lsuv', 'relu', 'mish', 'elu', 'lstm']);
      assert.match(
        await page.locator('.winner').innerText(),
        /residual makes it healthy, on seeds 0, 1, 2: the loss ends at 0\.5 instead of 2/,
      );
      assert.match(
        (await page.locator('.trial').first().innerText()).replaceAll(/\s+/g, ' '),
        /^1 residual healthy 0\.10 → 1\.00 2 → 0\.5 ×1\.2 0 residual because\. Held on seeds 0, 1, 2\.$/,
      );
      assert.match((await page.locator('.trial').last().innerText()).replaceAll(/\s+/g, ' '), /lstm not tried – – – –/);
      await page.close();
    });

    it('in the order of a column that the user chooses', async () => {
      const page = await open([treated]);
      const loss = page.locator('.trials thead .sort').getByText('Loss');
      await loss.press('Enter');
      assert.deepEqual((await names(page)).slice(0, 2), ['highway', 'residual']);
      assert.equal(await loss.locator('..').getAttribute('aria-sort'), 'ascending');
      await loss.press('Enter');
      assert.deepEqual((await names(page)).slice(0, 1), ['mish']);
      await page.close();
    });

    it('and draws before and after of the one chosen by keyboard', async () => {
      const page = await open([treated]);
      await page.waitForFunction(() => window.harness.received.some(({ type }) => type === 'curves'));
      assert.deepEqual(await asked(page, 'curves'), { type: 'curves', id: 'run-0', trial: 1 });
      await page.locator('.trial[tabindex="0"]').focus();
      await page.keyboard.press('ArrowDown');
      assert.equal(await page.locator('.trial[aria-selected=true] .remedy').innerText(), 'highway');
      await page.locator('[data-figure="trial-loss"] .legend').getByText('highway').waitFor();
      await page.locator('[data-figure="trial-gradients"] .legend').getByText('before: weights').waitFor();
      await page.locator(tool('trial-loss', 'Show the numbers')).click();
      const cells = page.locator('[data-figure="trial-loss"] tbody tr').nth(3).locator('td');
      assert.ok(Math.abs(Number(await cells.last().getAttribute('title')) - 2.3 * 0.97 ** (3 / 3)) < 1e-6);
      await page.close();
    });

    it('with the way to the handbook, and to the source where an edit is known', async () => {
      const page = await open([treated]);
      await page.locator('.trials .link').getByText('mish').click();
      await page.locator('.winner').getByText('Apply to source').click();
      await page.waitForFunction(() => window.harness.received.some(({ type }) => type === 'apply'));
      assert.deepEqual(await asked(page, 'explainRemedy'), { type: 'explainRemedy', remedy: 'mish' });
      assert.deepEqual(await asked(page, 'apply'), { type: 'apply', id: 'run-0', trial: 1 });
      await page.close();
    });

    it('while it is being tried, and can be stopped', async () => {
      const page = await open([treating]);
      assert.equal(await page.locator('.trials-status').innerText(), '6 tried. Trying gelu, 3 left…');
      assert.equal(await page.locator('.winner').isVisible(), false);
      await page.locator('vscode-button[aria-label="Stop trying"]').click();
      await page.waitForFunction(() => window.harness.received.some(({ type }) => type === 'command'));
      assert.deepEqual(await asked(page, 'command'), { type: 'command', command: 'stop' });
      await page.close();
    });

    it('as CSV', async () => {
      const page = await open([treated]);
      await page.locator('.trials-view > header vscode-button[aria-label="Export the trials"]').click();
      await page.locator('.trials-view > header [role=menuitem]').getByText('CSV table').click();
      await page.waitForFunction(() => window.harness.received.some(({ type }) => type === 'save'));
      const file = await asked(page, 'save');
      assert.ok(file?.type === 'save' && file.name === 'deep sigmoid trials.csv');
      assert.equal((file.content as string).trimEnd().split('\n').length, 8);
      await page.close();
    });
  });

  for (const theme of Object.keys(themes) as (keyof typeof themes)[])
    it(`has no serious violation of accessibility, ${theme}, and keeps to its security policy`, async () => {
      const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');
      for (const [width, runs] of [
        [1280, [treated, ...others]],
        [320, [{ ...others[1]!, search: treating.search }]],
        [320, []],
      ] as const) {
        const page = await open(runs, theme, width);
        if (runs.length > 0) await page.locator(tool('profile', 'Show the numbers')).click();
        await page.waitForTimeout(300);
        assert.deepEqual(await page.evaluate(() => window.harness.violations), []);
        // Evaluated by the debugger, which the page's policy does not reach.
        await page.evaluate(axe);
        const { violations } = await page.evaluate<AxeResults>('axe.run()');
        const serious = violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
        assert.deepEqual(serious, []);
        await page.close();
      }
    });
});
