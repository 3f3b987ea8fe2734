/** A workspace that nobody trusts yet: its code is read, and nothing of it is run. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  aWorkspace,
  captureProcesses,
  closeBrowser,
  pictureOfFailure,
  trainerProcesses,
  until,
  Workbench,
} from './workbench';

const python = process.env.GRADIENT_DOCTOR_PYTHON ?? 'python3';

const script = `import torch
from torch import nn

model = nn.Linear(8, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(10):
    loss = nn.functional.cross_entropy(model(torch.randn(16, 8)), torch.randint(2, (16,)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
`;

describe('a workspace in Restricted Mode', function () {
  this.timeout(240_000);
  let folder: string;
  let workbench: Workbench;
  const lens = () => workbench.page.locator('.codelens-decoration').filter({ hasText: 'Diagnose Training Script' });
  const spawned = async () => [...(await trainerProcesses()), ...(await captureProcesses())];

  /** The entries that the palette has for a text. */
  async function offered(text: string): Promise<string[]> {
    const { page } = workbench;
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input.input').fill(`>${text}`);
    const rows = page.locator('.quick-input-list .monaco-list-row');
    await rows.first().waitFor();
    const labels = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-label') ?? ''));
    await page.keyboard.press('Escape');
    return labels.filter((label) => label.includes(text));
  }

  before(async () => {
    folder = await aWorkspace({ 'gradientDoctor.python': python, 'gradientDoctor.steps': 5 });
    await writeFile(join(folder, 'clipped_late.py'), script);
    workbench = await Workbench.openUntrusted(folder);
    await workbench.page.locator('.statusbar').getByText('Restricted Mode').waitFor();
    await workbench.page.locator('.explorer-viewlet').getByText('clipped_late.py').dblclick();
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('has its code checked, and mended', async () => {
    const { page } = workbench;
    await page.locator('.squiggly-error').first().waitFor({ timeout: 60_000 });
    await page.locator('.view-line').filter({ hasText: 'clip_grad_norm_' }).click();
    await workbench.command('Quick Fix...');
    await page.locator('.action-widget').getByText('Clip before the optimizer steps').click();
    await page.locator('.squiggly-error').first().waitFor({ state: 'detached' });
    await workbench.command('File: Save');
    const path = join(folder, 'clipped_late.py');
    await until(async () => /clip_grad_norm_.*\n +optimizer\.step/.test(await readFile(path, 'utf8')), 'it is mended');
  });

  it('is not offered what would run its code or train its models', async () => {
    assert.deepEqual(await offered('Diagnose Training Script'), []);
    assert.deepEqual(await offered('Gradient Doctor: Diagnose Gradients'), []);
    assert.equal(await lens().count(), 0);
    await workbench.menuOf(['deep_sigmoid', 'model.onnx']);
    const item = workbench.page.locator('.monaco-menu .action-item').filter({ hasText: 'Diagnose Gradients' });
    assert.match((await item.getAttribute('class')) ?? '', /disabled/);
    await workbench.page.keyboard.press('Escape');
    assert.deepEqual(await spawned(), []);
  });

  it('is told why, where a link asks for it nevertheless', async () => {
    await workbench.command('Gradient Doctor: Get Started');
    const { page } = workbench;
    await page.locator('.gettingStartedContainer .getting-started-step').filter({ hasText: 'own' }).first().click();
    await page.locator('.gettingStartedContainer').getByRole('button', { name: 'Diagnose Gradients' }).click();
    await workbench.notification(/only in a trusted workspace/);
    await workbench.screenshot('trust-refused');
    assert.deepEqual(await spawned(), []);
  });

  it('can be diagnosed as soon as it is trusted, in the same window', async () => {
    const { page } = workbench;
    await page.evaluate(() => Object.assign(globalThis, { sameWindow: true }));
    await page.locator('.notification-toast').getByRole('button', { name: 'Manage Workspace Trust' }).click();
    await page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).first().click();
    await page.locator('.statusbar').getByText('Restricted Mode').waitFor({ state: 'detached' });
    await page
      .locator('.monaco-modal-editor-block')
      .getByRole('button', { name: /^Close/ })
      .click();
    await page.locator('.tab').filter({ hasText: 'clipped_late.py' }).click();
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'clipped_late.py' });
    await lens().first().waitFor();
    await until(async () => {
      if (!(await dialog.isVisible())) await lens().first().click();
      return dialog.waitFor({ timeout: 5000 }).then(
        () => true,
        () => false,
      );
    }, 'the lens asks before it runs anything');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await workbench.notification(/^clipped_late\.py: /, 90_000);
    assert.equal(await page.evaluate(() => 'sameWindow' in globalThis), true);
    await workbench.runEnded();
    await workbench.close();
  });
});
