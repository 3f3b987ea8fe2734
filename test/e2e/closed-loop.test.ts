/** The closed loop as a user goes it: squiggle, diagnosis of the script, prescription, edit, measured again, healthy. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aWorkspace, closeBrowser, pictureOfFailure, storedRuns, until, Workbench } from './workbench';

const python = process.env.GRADIENT_DOCTOR_PYTHON ?? 'python3';

describe('the closed loop on a training script', function () {
  this.timeout(240_000);
  afterEach(pictureOfFailure);
  after(closeBrowser);

  for (const { sample, symptom, rule } of [
    { sample: 'deep_sigmoid', symptom: 'vanishing-gradient', rule: 'GD301' },
    { sample: 'exploding_rnn', symptom: 'exploding-through-time', rule: 'GD104' },
  ])
    it(`${sample}: seen in the source, measured, cured in the source, measured again`, async () => {
      const folder = await aWorkspace({
        'gradientDoctor.python': python,
        'gradientDoctor.steps': 60,
        'gradientDoctor.prescribeBudget': 40,
      });
      const script = join(folder, sample, 'train.py');
      const before = await readFile(script, 'utf8');
      const workbench = await Workbench.open(folder);
      const { page } = workbench;
      await page.keyboard.press('ControlOrMeta+p');
      await page.locator('.quick-input-widget input.input').fill(`${sample}/train.py`);
      await workbench.pick('train.py');
      await page.locator('.squiggly-warning, .squiggly-error').first().waitFor({ timeout: 60_000 });
      await workbench.command('Problems: Focus on Problems View');
      await page.locator('.markers-panel').filter({ hasText: rule }).waitFor();

      await page.locator('.editor-instance .view-lines').first().click();
      await workbench.command('Gradient Doctor: Diagnose Training Script');
      const dialog = page.locator('.monaco-dialog-box');
      await dialog.filter({ hasText: script }).waitFor();
      await dialog.getByRole('button', { name: 'Run', exact: true }).click();
      // Asking for the runs on disk while one goes on would end it there.
      await workbench.notification(/^train\.py: /, 90_000);
      await workbench.runEnded();
      const [sick] = await storedRuns(folder);
      assert.equal(sick!.record.header.settings.capture?.script, script);
      assert.ok(sick!.record.findings.some((finding) => finding.symptom === symptom));

      const panel = await workbench.panel();
      await panel
        .getByRole('button', { name: /Prescribe/ })
        .first()
        .click();
      const apply = panel.locator('.winner').getByText('Apply to source');
      await apply.waitFor({ timeout: 120_000 });
      await workbench.dismissNotifications();
      await apply.click();
      // What changes the network is previewed.
      const preview = page.getByRole('button', { name: 'Apply', exact: true });
      const measure = page.locator('.notification-toast').getByRole('button', { name: 'Measure Again' });
      await preview.or(measure).first().waitFor({ timeout: 30_000 });
      if (await preview.isVisible()) {
        await preview.click();
      }
      await measure.click({ timeout: 30_000 });
      await workbench.notification(/^train\.py: healthy/, 90_000);
      assert.notEqual(await readFile(script, 'utf8'), before);
      const after = (await storedRuns(folder)).find(({ record }) => record.id !== sick!.record.id)!;
      assert.deepEqual(
        after.record.findings.filter(({ severity }) => severity !== 'information').map((finding) => finding.symptom),
        [],
      );
      // The page is made anew when its tab comes back to the front.
      await until(async () => {
        const headline = (await workbench.panel()).locator('.verdict .headline').filter({ hasText: 'healthy' });
        return headline.isVisible().catch(() => false);
      }, 'the panel says that it is healthy');
      await workbench.close();
    });
});
