import assert from 'node:assert/strict';
import { aWorkspace, closeBrowser, pictureOfFailure, until, Workbench } from './workbench';

describe('findings in the source of the sigmoid sample', () => {
  let workbench: Workbench;
  const code = () => workbench.page.locator('.editor-instance .view-lines').first();
  const line = (text: string) => code().locator('.view-line').filter({ hasText: text }).first();
  const entry = (text: string) => workbench.page.locator('.action-widget .monaco-list-row').filter({ hasText: text });

  before(async () => {
    workbench = await Workbench.open(await aWorkspace({ 'gradientDoctor.steps': 20, 'editor.minimap.enabled': false }));
    const row = (name: string) =>
      workbench.page.locator('.explorer-viewlet .monaco-list-row').filter({ hasText: name }).first();
    await row('deep_sigmoid').click();
    await row('train.py').dblclick();
    await line('layers += ').waitFor();
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('underlines the stack of sigmoids', async () => {
    await workbench.page.locator('.squiggly-warning').first().waitFor({ timeout: 30_000 });
    await workbench.screenshot('source-squiggle');
  });

  it('explains it where the pointer rests, with a link to the rule', async () => {
    await line('nn.Sigmoid()]').locator('span', { hasText: 'Sigmoid' }).last().hover();
    const hover = workbench.page.locator('.monaco-hover').filter({ hasText: 'GD301' }).first();
    await hover.waitFor();
    await workbench.screenshot('source-hover-rule');
    await hover.locator('a', { hasText: 'GD301' }).click();
    await workbench.page.locator('.tab').filter({ hasText: 'GD301' }).waitFor();
    await workbench.page.locator('.tab').filter({ hasText: 'train.py' }).click();
  });

  it('shows what a rewrite changes before it is made, and makes it in one undo step', async () => {
    await line('layers = [').locator('span', { hasText: 'Sigmoid' }).last().click();
    await workbench.page.keyboard.press('Control+.');
    await entry('Use ReLU in the hidden layers').waitFor();
    await workbench.screenshot('source-lightbulb');
    await entry('Use ReLU in the hidden layers').click();
    const apply = workbench.page.getByRole('button', { name: 'Apply', exact: true }).first();
    await apply.waitFor();
    await workbench.screenshot('source-preview');
    await apply.click();
    await line('nn.ReLU()').waitFor();
    await until(async () => (await workbench.page.locator('.squiggly-warning').count()) === 0, 'the squiggle is gone');
    await line('layers += ').click();
    await workbench.page.keyboard.press('Control+z');
    await line('nn.Sigmoid()').waitFor();
    assert.equal(await line('nn.ReLU()').count(), 0);
  });

  it('charts what was measured on the statement that made the layers', async () => {
    await workbench.page.keyboard.press('Control+s');
    await workbench.fromExplorer(['model.onnx'], 'Diagnose Gradients');
    await workbench.page.locator('.squiggly-error').first().waitFor({ timeout: 90_000 });
    await workbench.page.locator('.tab').filter({ hasText: 'train.py' }).click();
    await line('layers += ').locator('span', { hasText: 'Linear' }).last().hover();
    const chart = workbench.page.locator('.monaco-hover img[src^="data:image/svg+xml"]').first();
    await chart.waitFor();
    await workbench.screenshot('source-hover-layer');
    await workbench.page
      .locator('.codelens-decoration')
      .filter({ hasText: 'Last run: Gradients vanish' })
      .first()
      .waitFor();
  });
});
