/** Diagnose Module at Cursor, as a user goes it: the lens on a class, two questions once, findings on its lines. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aWorkspace, closeBrowser, pictureOfFailure, storedRuns, until, Workbench } from './workbench';

const python = process.env.GRADIENT_DOCTOR_PYTHON ?? 'python3';

const network = `import sys
from torch import nn

WIDTH = 24


class Deep(nn.Module):
    def __init__(self, inputs, depth, classes=3):
        super().__init__()
        layers = [nn.Linear(inputs, WIDTH), nn.Sigmoid()]
        for _ in range(depth):
            layers += [nn.Linear(WIDTH, WIDTH), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(WIDTH, classes)

    def forward(self, x):
        return self.head(self.layers(x))


model = Deep(12, depth=16)
sys.exit("this part of the file is not run")
`;

describe('Diagnose Module at Cursor', function () {
  this.timeout(240_000);
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('asks once what it cannot know, and puts findings on the lines of the class', async () => {
    const folder = await aWorkspace({ 'gradientDoctor.python': python, 'gradientDoctor.steps': 20 });
    await writeFile(join(folder, 'deep.py'), network);
    const workbench = await Workbench.open(folder);
    const { page } = workbench;
    await page.locator('.explorer-viewlet').getByText('deep.py').dblclick();
    const lens = page.locator('.codelens-decoration').getByText('Diagnose Module').first();
    await lens.waitFor({ timeout: 60_000 });
    const input = page.locator('.quick-input-widget input.input');
    // Lenses are drawn anew as findings come, and a click may meet one that is just going.
    await until(async () => {
      if (!(await input.isVisible())) await lens.click();
      return input.waitFor({ timeout: 5000 }).then(
        () => true,
        () => false,
      );
    }, 'the lens asks for arguments');
    // What the file itself gives the class.
    assert.equal(await input.inputValue(), '12, depth=16');
    await page.locator('.quick-input-widget').getByText('Deep(inputs, depth, classes=3)').waitFor();
    await input.press('Enter');
    await page.locator('.quick-input-widget').getByText('Inputs of Deep').waitFor();
    await input.press('Enter');
    const dialog = page.locator('.monaco-dialog-box').filter({ hasText: 'Construct Deep' });
    await dialog.getByText('Deep(12, depth=16), called on inputs that fit its layers').waitFor();
    await workbench.screenshot('module-consent');
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await workbench.notification(/^Deep: /, 90_000);
    await workbench.runEnded();
    const [run] = await storedRuns(folder);
    assert.deepEqual(run!.record.header.settings.capture!.construct, {
      class: 'Deep',
      arguments: '12, depth=16',
      inputs: 'float32[16, 12]',
    });
    assert.ok(run!.record.findings.some(({ symptom }) => symptom === 'vanishing-gradient'));

    await page.locator('.tab').filter({ hasText: 'deep.py' }).click();
    await workbench.command('Problems: Focus on Problems View');
    const problem = page.locator('.markers-panel .monaco-list-row').filter({ hasText: 'vanishing-gradient' });
    await problem.filter({ hasText: /Ln (10|12)\b/ }).waitFor();
    await workbench.screenshot('module-findings');

    // The second time there is nothing to answer.
    await page.locator('.editor-instance .view-line').filter({ hasText: 'self.head = ' }).click();
    await workbench.command('Gradient Doctor: Diagnose Module at Cursor');
    await dialog.getByText('Deep(12, depth=16)').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await workbench.close();
  });
});
