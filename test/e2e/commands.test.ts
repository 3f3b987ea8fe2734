/** What users do besides diagnosing: the tour, the views and their menus. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aWorkspace, changeSettings, closeBrowser, pictureOfFailure, storedRuns, until, Workbench } from './workbench';

describe('The commands', () => {
  let folder: string;
  let workbench: Workbench;
  const sample = ['deep_sigmoid', 'model.onnx'];

  const diagnose = async () => {
    await workbench.openExplorer();
    await workbench.fromExplorer(sample, 'Diagnose Gradients');
    await workbench.statusBarItem().waitFor();
    await workbench.runEnded();
    await workbench.showViews();
  };

  before(async () => {
    folder = await aWorkspace({ 'gradientDoctor.steps': 5, 'files.simpleDialog.enable': true });
    workbench = await Workbench.open(folder);
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  it('lead a newcomer to a diagnosis: the first button of the tour', async () => {
    await workbench.command('Gradient Doctor: Get Started');
    const tour = workbench.page.locator('.gettingStartedContainer');
    await tour.getByRole('button', { name: 'Diagnose the Sigmoid Sample' }).click();
    assert.match(await workbench.notification('Gradients vanish'), /^deep_sigmoid: Gradients vanish: layers\.0 /);
    await workbench.dismissNotifications();
  });

  it('show and isolate in the panel the layer that is chosen in the tree', async () => {
    await diagnose();
    await workbench.row('Layers', 'layers.4,').click();
    const panel = await workbench.panel();
    await panel.locator('.tree-row[aria-selected="true"][data-path="layers.4"]').waitFor();
    await workbench.fromMenuOf(workbench.row('Layers', 'layers.4,'), 'Isolate in Panel');
    await panel.locator('.tree-row.gone[data-path="layers.6"]').waitFor();
    assert.equal(await panel.locator('.tree-row.gone[data-path="layers.4"]').count(), 0);
  });

  it('leave a frozen layer out of the next run, and only there', async () => {
    const freeze = (entry: string, isDone: RegExp) =>
      until(async () => {
        await workbench.fromMenuOf(workbench.row('Layers', 'layers.4,'), entry);
        // A tree that is renewed closes the menu.
        return workbench
          .row('Layers', isDone)
          .waitFor({ timeout: 3000 })
          .then(
            () => true,
            () => false,
          );
      }, entry);
    await freeze('Freeze in Next Run', /^layers\.4,.*frozen/);
    await diagnose();
    const [second, first] = await storedRuns(folder);
    const frozen = ({ run }: NonNullable<typeof second>) =>
      run.header.layout.parameters.filter(({ trainable }) => !trainable).map(({ name }) => name);
    assert.deepEqual(frozen(first!), []);
    assert.deepEqual(frozen(second!), ['layers.4.weight', 'layers.4.bias']);
    await freeze('Train in Next Run', /^layers\.4,(?!.*frozen)/);
  });

  it('rename and delete runs, for good', async () => {
    await workbench.fromMenuOf(workbench.row('Runs', 'deep_sigmoid,').first(), 'Rename Run');
    await workbench.type('with a frozen layer');
    await workbench.row('Runs', 'with a frozen layer,').waitFor();
    await workbench.fromMenuOf(workbench.row('Runs', 'deep_sigmoid,').first(), 'Delete Run');
    await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete' }).click();
    const names = async () => (await workbench.entries('Runs')).map((entry) => entry.split(',')[0]);
    const kept = ['with a frozen layer', 'deep_sigmoid'];
    await until(async () => (await names()).join() === kept.join(), 'the run is gone');
    await workbench.reload();
    await workbench.showViews();
    assert.deepEqual(await names(), kept);
  });

  it('export a run with every number', async () => {
    const file = join(folder, 'exported.csv');
    await workbench.fromMenuOf(workbench.row('Runs', 'with a frozen layer,'), 'Export Run');
    await workbench.type(file);
    await until(async () => (await readdir(folder)).includes('exported.csv'), 'the file is there');
    await workbench.notification('Saved exported.csv.');
    const { run } = (await storedRuns(folder))[0]!;
    const [names, ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
    assert.match(names!, /^step,loss,learningRate,/);
    assert.deepEqual(
      lines.map((line) => line.split(',').slice(0, 2).map(Number)),
      Array.from({ length: 5 }, (_, step) => [step, run.rows[(step * run.rows.length) / 5]!]),
    );
  });

  it('offer the run that is shown before any model, where remedies are to be prescribed', async () => {
    await diagnose();
    await workbench.command('Gradient Doctor: Prescribe Remedies');
    const offered = workbench.page.locator('.quick-input-list .monaco-list-row');
    await offered.filter({ hasText: 'model.onnx' }).first().waitFor();
    assert.match((await offered.first().getAttribute('aria-label'))!, /The run .*, shown now/);
    await workbench.page.keyboard.press('Escape');
  });

  it('answer questions while a run goes on', async () => {
    await changeSettings(folder, { 'gradientDoctor.steps': 100_000 });
    await workbench.openExplorer();
    await workbench.fromExplorer(sample, 'Diagnose Gradients');
    await workbench
      .statusBarItem()
      .filter({ hasText: /step \d/ })
      .waitFor({ timeout: 60_000 });
    await workbench.command('Gradient Doctor: Select Execution Provider');
    const offered = workbench.page.locator('.quick-input-list .monaco-list-row');
    await offered.filter({ hasText: 'coreml' }).waitFor({ timeout: 30_000 });
    assert.ok(await workbench.statusBarItem().isVisible());
    await workbench.page.keyboard.press('Escape');
    await workbench.command('Gradient Doctor: Stop');
    await workbench.runEnded();
  });

  it('inspect a model without training it', async () => {
    const before = await storedRuns(folder);
    await workbench.openExplorer();
    await workbench.fromExplorer(sample, 'Inspect Model');
    const page = workbench.page.locator('.tab').filter({ hasText: 'model.onnx' });
    await page.waitFor({ timeout: 30_000 });
    assert.equal((await storedRuns(folder)).length, before.length);
  });

  it('say of every execution provider whether it can be used, or why not', async () => {
    await workbench.command('Gradient Doctor: Select Execution Provider');
    const offered = workbench.page.locator('.quick-input-list .monaco-list-row');
    const cpu = workbench.page.getByRole('option', { name: 'cpu', exact: true });
    await cpu.waitFor({ timeout: 30_000 });
    const labels = await offered.evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
    assert.match(labels[0]!, /^auto.*current/);
    assert.match(
      labels.find((label) => label.startsWith('dml'))!,
      /Windows only/,
    );
    await cpu.click();
    await until(
      async () => /"gradientDoctor.executionProvider": *"cpu"/.test(await workbench.settings()),
      'the choice is kept',
    );
  });
});
