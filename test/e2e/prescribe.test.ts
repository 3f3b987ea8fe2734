import assert from 'node:assert/strict';
import type { Frame } from 'playwright-core';
import { readableNumber } from '../../extension/panel/readable-number';
import { stepColumn, rowWidth } from '../../extension/protocol/run';
import { rankedTrials, trialName } from '../../extension/protocol/trial-ranking';
import { NotebookPage } from './notebook-page';
import {
  aWorkspace,
  changeSettings,
  closeBrowser,
  pictureOfFailure,
  storedRuns,
  storedSearch,
  until,
  Workbench,
} from './workbench';

const sample = ['deep_sigmoid', 'model.onnx'];
const settings = { 'gradientDoctor.steps': 60, 'gradientDoctor.prescribeBudget': 15 };
/** Time to measure the run, to try, and to repeat the winner, on a slow machine. */
const searchMilliseconds = 100_000;

const status = (panel: Frame) => panel.locator('.trials-status').innerText();
const rowsOf = (panel: Frame): Promise<string[][]> =>
  panel
    .locator('.trials tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

describe('Prescribe Remedies on the sigmoid sample', function () {
  this.timeout(searchMilliseconds + 20_000);
  let folder: string;
  let workbench: Workbench;

  before(async () => {
    folder = await aWorkspace(settings);
    workbench = await Workbench.open(folder);
    await workbench.fromExplorer(sample, 'Prescribe Remedies');
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('says what it tries, and how many are left, while the table grows', async () => {
    await workbench.notification(/trying \S+, \d+ left/);
    const panel = await workbench.panel();
    await panel.locator('.trials tbody tr').first().waitFor({ timeout: 60_000 });
    assert.match(await status(panel), /^\d+ tried\. (Trying|Repeating) /);
  });

  it('tells what helps', async () => {
    const text = await workbench.notification(/makes it healthy|helps/, searchMilliseconds);
    assert.match(text, /^deep_sigmoid: \S.* \(\d+ trials\)\.$/);
    await workbench.runEnded();
    const panel = await workbench.panel();
    // The panel hears of the end by itself, not before the notification.
    await panel
      .locator('.winner')
      .getByText(/makes it healthy|helps most/)
      .waitFor();
  });

  it('ranks the trials, and the table agrees with what was measured', async () => {
    const [stored] = await storedRuns(folder);
    const search = await storedSearch(stored!.record);
    assert.ok(search?.end?.kind === 'finished' && search.trials.length >= 8);
    const panel = await workbench.panel();
    await panel.locator('.winner').getByText(trialName(search.prescriptions[0]!)).first().waitFor();
    const rows = await rowsOf(panel);
    assert.deepEqual(
      rows.map(([rank, remedy, outcome, health, loss]) => [rank, remedy, outcome, health, loss]),
      rankedTrials(search).map((index, place) => {
        const { remedies, learningRateFactor, outcome, effect } = search.trials[index]!;
        const units = [...new Set(remedies.flatMap((remedy) => remedy.units ?? []))];
        const settings = [
          ...remedies.flatMap(({ parameters }) =>
            Object.entries(parameters).map(([name, value]) => `${name} ${value}`),
          ),
          ...(learningRateFactor === 1 ? [] : [`learning rate ×${learningRateFactor}`]),
          ...(units.length === 0 ? [] : [`in ${units.join(', ')}`]),
        ];
        return [
          String(place + 1),
          remedies.map(({ id }) => id).join(' + ') + settings.join(', '),
          { 'no-effect': 'no effect', skipped: 'not tried' }[outcome as string] ?? outcome,
          effect ? `${effect.healthBefore.toFixed(2)} → ${effect.healthAfter.toFixed(2)}` : '–',
          effect ? `${readableNumber(effect.lossBefore)} → ${readableNumber(effect.lossAfter)}` : '–',
        ];
      }),
    );
    // What they are compared with is the run that is shown.
    const { run } = stored!;
    const width = rowWidth(run.header.layout);
    const losses = Float32Array.from({ length: run.steps }, (_, step) => run.rows[step * width + stepColumn('loss')]!);
    assert.deepEqual(search.baseline!.losses, losses);
  });

  it('draws the loss before and after of the trial that is chosen', async () => {
    const [stored] = await storedRuns(folder);
    const search = await storedSearch(stored!.record);
    const panel = await workbench.panel();
    const best = panel.locator('.trial').first();
    await best.click();
    const losses = search!.trials[Number(await best.getAttribute('data-trial'))]!.curves!.losses;
    const card = panel.locator('[data-figure="trial-loss"]');
    await card.getByRole('button', { name: 'Show the numbers' }).click();
    const shown = await card
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((row) => Number([...row.querySelectorAll('td')].at(-1)!.title)));
    assert.deepEqual(shown, [...losses.subarray(0, shown.length)]);
    await card.getByRole('button', { name: 'Show the numbers' }).click();
  });

  it('opens what helps as a notebook: without it, with it, and both compared', async () => {
    const [stored] = await storedRuns(folder);
    const best = (await storedSearch(stored!.record))!.prescriptions[0]!;
    const panel = await workbench.panel();
    await panel.locator('.winner').getByText('Open as notebook').click();
    const notebook = new NotebookPage(workbench);
    await notebook.ready();
    const treated = `name: deep_sigmoid with ${best.remedies[0]!.id}`;
    await notebook.code(treated).waitFor();
    await notebook.reveal(4);
    await notebook.code('compare: [ deep_sigmoid, deep_sigmoid with').waitFor();
    await workbench.command('View: Revert and Close Editor');
    await workbench.command('Gradient Doctor: New Experiment Notebook');
    await workbench.pick('From the prescription for deep_sigmoid');
    await notebook.ready();
    await notebook.code(treated).waitFor();
    await workbench.command('View: Revert and Close Editor');
  });

  for (const [name, theme, kind] of [
    ['light', 'Default Light Modern', 'vscode-light'],
    ['high-contrast', 'Default High Contrast', 'vscode-high-contrast'],
    ['dark', 'Default Dark Modern', 'vscode-dark'],
  ] as const)
    it(`follows the ${name} theme`, async () => {
      await changeSettings(folder, { ...settings, 'workbench.colorTheme': theme });
      const panel = await workbench.panel();
      await panel.locator(`body.${kind}`).waitFor({ timeout: 15_000 });
      await panel.locator('.trials-view').scrollIntoViewIfNeeded();
      await workbench.page.mouse.move(700, 895);
      await workbench.page.waitForTimeout(1000);
      await workbench.screenshot(`prescribe-${name}`);
    });

  it('keeps what was tried when it is cancelled, also after a reload', async () => {
    const panel = await workbench.panel();
    await panel.getByText('Try again').click();
    await until(async () => /^[2-9] tried\. Trying/.test(await status(panel)), 'two remedies were tried', 60_000);
    await panel.locator('vscode-button[aria-label="Stop trying"]').click();
    await workbench.runEnded(20_000);
    await until(async () => /then: Stopped by the user/.test(await status(panel)), 'it was stopped');
    const rows = await rowsOf(panel);
    assert.ok(rows.filter(([, , , , loss]) => loss !== '–').length >= 2);
    await workbench.reload();
    const again = await workbench.panel();
    await again.locator('.trials tbody tr').first().waitFor();
    assert.deepEqual(await rowsOf(again), rows);
    assert.match(await status(again), /then: Stopped by the user/);
  });

  it('opens the page of a remedy from the handbook', async () => {
    await workbench.command('Gradient Doctor: Open Handbook');
    await workbench.page.locator('.quick-input-widget input.input').fill('residual');
    await workbench.pick('residual');
    const preview = workbench.page.locator('.tab').filter({ hasText: 'residual.md' });
    await preview.waitFor();
    const frames = () =>
      Promise.all(
        workbench.page.frames().map((frame) =>
          frame
            .locator('h1')
            .first()
            .innerText({ timeout: 500 })
            .catch(() => ''),
        ),
      );
    await until(async () => (await frames()).includes('Residual connection'), 'the page is shown');
    await workbench.screenshot('handbook');
  });
});
