import assert from 'node:assert/strict';
import { aWorkspace, closeBrowser, Workbench } from './workbench';

describe('The workbench', () => {
  after(closeBrowser);

  it('offers the commands on a model in the Explorer', async () => {
    const workbench = await Workbench.open(await aWorkspace());
    await workbench.menuOf(['deep_sigmoid', 'model.onnx']);
    const entries = await workbench.page.locator('.monaco-menu .action-label').allTextContents();
    assert.ok(entries.includes('Diagnose Gradients') && entries.includes('Inspect Model'), entries.join());
  });
});
