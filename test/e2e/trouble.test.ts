import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aWorkspace, closeBrowser, pictureOfFailure, trainerProcesses, until, Workbench } from './workbench';

const sample = ['deep_sigmoid', 'model.onnx'];
const long = { 'gradientDoctor.steps': 100_000, 'gradientDoctor.keepRuns': 3 };

async function startLongRun(workbench: Workbench): Promise<void> {
  await workbench.fromExplorer(sample, 'Diagnose Gradients');
  await workbench
    .statusBarItem()
    .filter({ hasText: /step \d/ })
    .waitFor({ timeout: 60_000 });
}

describe('When something goes wrong', () => {
  afterEach(pictureOfFailure);
  afterEach(closeBrowser);
  afterEach(() => until(async () => (await trainerProcesses()).length === 0, 'no trainer is left', 20_000));

  it('a killed trainer costs its run and nothing else', async () => {
    const workbench = await Workbench.open(await aWorkspace(long));
    await startLongRun(workbench);
    for (const trainer of await trainerProcesses()) process.kill(trainer, 'SIGKILL');
    assert.match(await workbench.notification('trainer'), /The trainer was killed/);
    await workbench.showViews();
    const [run] = await workbench.entries('Runs');
    assert.match(run!, /deep_sigmoid, failed/);
    await workbench.openExplorer();
    await startLongRun(workbench);
    await workbench.command('Gradient Doctor: Stop');
    await workbench.runEnded();
    await workbench.close();
  });

  it('closing the panel leaves the run alone, and it can be opened again', async () => {
    const workbench = await Workbench.open(await aWorkspace(long));
    await startLongRun(workbench);
    await workbench.panel();
    await workbench.command('View: Close All Editors');
    await workbench.statusBarItem().waitFor();
    await workbench.command('Gradient Doctor: Show Gradient Panel');
    const panel = await workbench.panel();
    await panel
      .locator('.status')
      .filter({ hasText: /running, step \d+/ })
      .waitFor({ timeout: 20_000 });
    await workbench.command('Gradient Doctor: Stop');
    await workbench.runEnded();
    await workbench.close();
  });

  it('a reload in mid-run keeps what was measured, ends the trainer and fills the panel again', async () => {
    const workbench = await Workbench.open(await aWorkspace(long));
    await startLongRun(workbench);
    await workbench.panel();
    await workbench.reload();
    const panel = await workbench.panel();
    await panel
      .locator('.status')
      .filter({ hasText: /stopped after \d+ steps/ })
      .waitFor({ timeout: 30_000 });
    await until(async () => (await trainerProcesses()).length === 0, 'the trainer has ended');
    await workbench.close();
  });

  it('a damaged notebook is refused where it stops being one, and a cell that fails says why without a class name', async () => {
    const folder = await aWorkspace();
    await writeFile(join(folder, 'cut.gradnb'), '{\n  "version": 1,\n  "cells": [\n');
    const failing = { kind: 'experiment', source: ['model: none.onnx'] };
    await writeFile(join(folder, 'failing.gradnb'), JSON.stringify({ version: 1, cells: [failing] }));
    const workbench = await Workbench.open(folder);
    const row = (name: string) =>
      workbench.page.locator('.explorer-viewlet .monaco-list-row').filter({ hasText: name });
    await row('cut.gradnb').click();
    assert.match(
      await workbench.notification('cut.gradnb'),
      /^cut\.gradnb: line 4, column 1: .* Open the file as text/,
    );
    // The editor shows the reason in a dialog, but only where the file was opened from the Explorer.
    await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Cancel' }).click();
    await row('failing.gradnb').click();
    await workbench.page.locator('.notebook-toolbar-container').getByText('Run All').first().click();
    const output = workbench.page
      .locator('iframe.webview.ready')
      .last()
      .contentFrame()
      .locator('iframe#active-frame')
      .contentFrame()
      .getByText('none.onnx: no such file.');
    await output.waitFor({ timeout: 60_000 });
    assert.doesNotMatch(await output.innerText(), /Error/);
    await workbench.close();
  });

  it('an unreadable model is refused with one clear sentence', async () => {
    const folder = await aWorkspace();
    await writeFile(join(folder, 'broken.onnx'), 'this is not a model');
    const workbench = await Workbench.open(folder);
    await workbench.fromExplorer(['broken.onnx'], 'Diagnose Gradients');
    const text = await workbench.notification('broken.onnx');
    assert.doesNotMatch(text, /\n\s+at |Error:/);
    await workbench.runEnded();
    await workbench.close();
  });
});
