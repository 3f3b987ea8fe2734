/** What an output of a notebook offers to do: try, treat, change the source, look things up. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { readCell } from '../../extension/notebook/cell';
import { serializeNotebook, sourceOf } from '../../extension/notebook/gradnb';
import { outputOf } from '../../extension/notebook/output-items';
import { unpackFloats } from '../../extension/protocol/stored-series';
import { trialName } from '../../extension/protocol/trial-ranking';
import { NotebookPage, press, readNotebook } from './notebook-page';
import { aWorkspace, closeBrowser, pictureOfFailure, until, Workbench } from './workbench';

const baseline = 'name: sigmoid\nmodel: deep_sigmoid/model.onnx\ndata: { npz: deep_sigmoid/batch.npz }\nsteps: 40';

describe('A prescription in an experiment notebook', function () {
  this.timeout(240_000);
  let folder: string;
  let path: string;
  let workbench: Workbench;
  let notebook: NotebookPage;

  before(async () => {
    // Enough to come to an end on any machine, and so always to the same winner, which the source has a place for.
    folder = await aWorkspace({ 'notebook.output.scrolling': false, 'gradientDoctor.prescribeBudget': 90 });
    path = join(folder, 'lab.gradnb');
    const cells = [{ kind: 'experiment' as const, source: baseline.split('\n') }];
    await writeFile(path, serializeNotebook({ version: 1, cells }));
    workbench = await Workbench.open(folder);
    notebook = new NotebookPage(workbench);
    await notebook.open('lab.gradnb');
  });
  afterEach(pictureOfFailure);
  after(closeBrowser);

  const saved = async () => {
    await workbench.page.keyboard.press('ControlOrMeta+s');
    return readNotebook(path);
  };
  const cells = async () => (await saved()).cells.map(sourceOf);
  const tab = (name: string) => workbench.page.locator('.tab').filter({ hasText: name });
  const backToNotebook = async () => {
    await workbench.command('View: Close Editor');
    await notebook.ready();
  };
  const prescribed = () => notebook.output('prescribe');

  it('is one press away from a run with findings', async () => {
    await workbench.command('Notebook: Run All');
    const run = await notebook.output('run');
    await run.locator('.verdict .headline').filter({ hasText: 'Gradients vanish' }).waitFor({ timeout: 90_000 });
    await press(run.getByText('Insert Cell: Prescribe Remedies'));
    await until(async () => (await cells()).length === 2, 'the cell is there');
    await workbench.command('Notebook: Execute Cell');
    const [, text] = await cells();
    assert.equal(text, 'prescribe: { run: sigmoid, budget: 90 }');
  });

  it('shows the trials in the table of the panel, walked through with the keyboard', async () => {
    const output = await prescribed();
    await output
      .locator('.winner p')
      .filter({ hasText: /makes it healthy|helps most/ })
      .waitFor({ timeout: 150_000 });
    const grid = output.getByRole('grid');
    const heads = await grid.getByRole('columnheader').allInnerTexts();
    assert.deepEqual(
      heads.map((head) => head.trim()),
      ['#', 'Remedy', 'Outcome', 'Health', 'Loss', 'Step', 'Weights', 'Why'],
    );
    const selected = grid.locator('[aria-selected="true"] .number').first();
    assert.equal(await selected.innerText(), '1');
    await grid.locator('tr[tabindex="0"]').focus();
    await workbench.page.keyboard.press('ArrowDown');
    await workbench.page.keyboard.press('ArrowDown');
    await until(async () => (await selected.innerText()) === '3', 'the third trial is chosen');
    await workbench.page.keyboard.press('Home');
    await until(async () => (await selected.innerText()) === '1', 'the first trial is chosen');
    await workbench.screenshot('notebook-prescribe');
  });

  it('is inserted as a cell that measures what the trial measured', async () => {
    await press((await prescribed()).getByText('Insert Cell'));
    await until(async () => (await cells()).length === 3, 'the cell is there');
    const { cell } = readCell((await cells())[1]!);
    assert.ok(cell?.kind === 'experiment');
    await workbench.command('Notebook: Execute Cell');
    const isTrained = async () => {
      const output = outputOf((await saved()).cells[1]!);
      return output?.kind === 'run' && output.end !== undefined;
    };
    await until(isTrained, 'the treated network was trained', 90_000);
    const [, run, trials] = (await saved()).cells.map(outputOf);
    assert.ok(run?.kind === 'run' && trials?.kind === 'prescribe');
    const best = trials.prescriptions![0]!;
    assert.equal(run.name, `sigmoid with ${trialName(best)}`);
    // A trial without hope is stopped early; a cell is not.
    const tried = unpackFloats(best.losses!.values);
    assert.ok(tried.length >= 25);
    assert.deepEqual([...unpackFloats(run.series.ofStep.loss!).slice(0, tried.length)], [...tried]);
  });

  it('leads to the line that makes a layer, and to the handbook', async () => {
    const run = await notebook.output('run');
    const choice = run.locator('.layer-choice');
    await press(run.locator('.finding-actions').getByText(/^Show/).first());
    await choice
      .locator('.note')
      .filter({ hasText: /^train\.py:\d+$/ })
      .waitFor({ state: 'attached' });
    const [, line] = /:(\d+)$/.exec(await choice.locator('.note').innerText())!;
    await press(choice.getByRole('button', { name: 'Go to the source of this layer' }));
    await tab('train.py').waitFor();
    await workbench.page.locator('.statusbar-item', { hasText: `Ln ${line}, Col 1` }).waitFor();
    await backToNotebook();
    await press((await notebook.output('run')).getByText('Explain').first());
    await tab('vanishing-gradient.md').waitFor();
    await backToNotebook();
    const remedies: Locator = (await prescribed()).locator('.trials .link').first();
    const id = await remedies.innerText();
    await press(remedies);
    await tab(`${id}.md`).waitFor();
    await backToNotebook();
  });

  it('is applied to the source that the model was exported from, after a preview', async () => {
    const script = join(folder, 'deep_sigmoid/train.py');
    const before = await readFile(script, 'utf8');
    await press((await prescribed()).getByText('Apply to source'));
    const apply = workbench.page.getByRole('button', { name: 'Apply', exact: true });
    const applied = workbench.page.locator('.notification-list-item-message').filter({ hasText: /^Applied/ });
    await apply.or(applied).first().waitFor({ timeout: 30_000 });
    if (await apply.isVisible()) await apply.click();
    await applied.waitFor();

    await until(async () => (await readFile(script, 'utf8')) !== before, 'the source is changed');
  });
});
