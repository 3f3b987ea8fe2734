/** What a run leaves beside the lines of the source: charts in hovers, lenses, and rewrites that say what they did. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aWorkspace, changeSettings, closeBrowser, pictureOfFailure, until, Workbench } from './workbench';

const settings = {
  'gradientDoctor.steps': 30,
  'gradientDoctor.prescribeBudget': 15,
  'editor.minimap.enabled': false,
};
const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  'high-contrast': 'Default High Contrast',
  'high-contrast-light': 'Default High Contrast Light',
};

describe('the evidence of a run in the source', function () {
  this.timeout(240_000);
  let folder: string;
  let workbench: Workbench;
  const line = (text: string) =>
    workbench.page.locator('.editor-instance .view-line').filter({ hasText: text }).first();
  const lens = (text: string | RegExp) => workbench.page.locator('.codelens-decoration').filter({ hasText: text });
  /** Of the menu of code actions, as it is read out. */
  const action = (text: string | RegExp) =>
    workbench.page.locator('.action-widget .monaco-list-row').filter({ hasText: text });

  before(async () => {
    folder = await aWorkspace(settings);
    workbench = await Workbench.open(folder);
    await workbench.fromExplorer(['deep_sigmoid', 'model.onnx'], 'Prescribe Remedies');
    await workbench.notification(/trials\)/, 120_000);
    await workbench.runEnded();
    await workbench.command('View: Close All Editors');
    await workbench.page.locator('.explorer-viewlet').getByText('train.py').dblclick();
    await lens('Last run: Gradients vanish').waitFor({ timeout: 60_000 });
    await workbench.dismissNotifications();
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  for (const [name, theme] of Object.entries(themes))
    it(`charts the layers of a statement in its hover: ${name}`, async () => {
      const { page } = workbench;
      await changeSettings(folder, { ...settings, 'workbench.colorTheme': theme });
      await page.waitForTimeout(1500);
      await page.mouse.move(5, 5);
      await line('layers += ').locator('span', { hasText: 'Linear' }).last().hover();
      const hover = page.locator('.monaco-hover').filter({ hasText: 'Gradient Doctor' }).first();
      const chart = hover.locator('img[alt^="Gradient by depth"]');
      await chart.waitFor();
      assert.ok(await chart.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 100));
      await hover.getByText('layers.2').first().waitFor();
      await workbench.screenshot(`hover-${name}`);
      await page.keyboard.press('Escape');
    });

  it('offers rewrites that say what their trial did, and makes one as it was previewed', async () => {
    const { page } = workbench;
    const script = join(folder, 'deep_sigmoid/train.py');
    const before = await readFile(script, 'utf8');
    await line('layers += ').click();
    await workbench.command('Refactor...');
    await action(/in trial/)
      .first()
      .waitFor();
    await workbench.screenshot('actions-with-effect');
    await action(/^Use ReLU as the activation: .* on the whole network$/).click();
    await page.locator('.composite-bar').getByText('Refactor Preview').waitFor();
    await workbench.screenshot('rewrite-preview');
    const ticks = page.locator('.pane-body .edit-checkbox');
    await ticks.first().waitFor();
    for (const tick of await ticks.all()) assert.ok(await tick.isChecked(), 'an edit is shown that is not made');
    // The file, and its one edit.
    assert.equal(await ticks.count(), 2);
    assert.equal(await readFile(script, 'utf8'), before);
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await line('nn.ReLU()]').waitFor();
    await workbench.command('File: Save All Files');
    await until(async () => (await readFile(script, 'utf8')).includes('nn.ReLU()]'), 'the rewrite is saved');
    // The statement at the cursor, and nothing else.
    const expected = before.replace('nn.Linear(width, width), nn.Sigmoid()', 'nn.Linear(width, width), nn.ReLU()');
    assert.equal(await readFile(script, 'utf8'), expected);
    await workbench.close();
  });
});
