import { aWorkspace, closeBrowser, pictureOfFailure, Workbench } from './workbench';

describe('findings in the source of the sigmoid sample', () => {
  let workbench: Workbench;
  const code = () => workbench.page.locator('.editor-instance .view-lines').first();
  const line = (text: string) => code().locator('.view-line').filter({ hasText: text }).first();

  before(async () => {
    workbench = await Workbench.open(await aWorkspace({ 'editor.minimap.enabled': false }));
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
});
