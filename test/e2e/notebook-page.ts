import { readFile } from 'node:fs/promises';
import type { Frame, Locator } from 'playwright-core';
import type { Notebook } from '../../extension/notebook/gradnb';
import { until, type Workbench } from './workbench';

/** The editor may be writing: then it is read again. */
export async function readNotebook(path: string): Promise<Notebook> {
  let notebook: Notebook | undefined;
  await until(async () => {
    const text = await readFile(path, 'utf8');
    if (!text.endsWith('}\n')) return false;
    notebook = JSON.parse(text) as Notebook;
    return true;
  }, 'the notebook is written');
  return notebook!;
}

/** The notebook that is open in the workbench. */
export class NotebookPage {
  constructor(private readonly workbench: Workbench) {}

  /** Opens a file of the workspace's folder and waits until it can be run. */
  async open(name: string): Promise<void> {
    const { page } = this.workbench;
    await page.locator('.explorer-viewlet .monaco-list-row').filter({ hasText: name }).first().dblclick();
    await this.ready();
  }

  async ready(): Promise<void> {
    const { page } = this.workbench;
    // The page of the outputs loads what every installed renderer brings.
    await page.locator('.notebook-editor .view-lines').first().waitFor({ timeout: 90_000 });
    await page.locator('.kernel-label:visible', { hasText: 'ONNX Runtime' }).waitFor({ timeout: 60_000 });
  }

  /** Pages of webviews. */
  frames(): Frame[] {
    return this.workbench.page
      .frames()
      .filter((frame) => frame.url().includes('fake.html') || frame.name() === 'active-frame');
  }

  /** The page of all outputs of the notebook. */
  async outputs(): Promise<Frame> {
    let found: Frame | undefined;
    await until(
      async () => {
        for (const frame of this.frames())
          if (
            (await frame
              .locator('[data-output]')
              .count()
              .catch(() => 0)) > 0
          )
            found = frame;
        return found !== undefined;
      },
      'an output is shown',
      120_000,
    );
    return found!;
  }

  async output(kind: string, place = 0): Promise<Locator> {
    const one = (await this.outputs()).locator(`[data-output="${kind}"]`).nth(place);
    await one.waitFor({ state: 'attached', timeout: 60_000 });
    return one;
  }

  /** Selects a cell, which scrolls it and what stands below into sight. */
  async reveal(row: number): Promise<void> {
    await this.workbench.command('Notebook: Focus First Cell');
    for (let i = 0; i < row; i++) await this.workbench.page.keyboard.press('ArrowDown');
  }

  /** What stands below a cell: verdict, duration, what is being done. */
  status(text: RegExp): Locator {
    return this.workbench.page.locator('.cell-statusbar-container').filter({ hasText: text }).first();
  }

  /** The code of cells that are on screen. */
  code(text: string | RegExp): Locator {
    return this.workbench.page.locator('.notebook-editor .view-lines').filter({ hasText: text }).first();
  }
}

/** The editor scrolls the page of the outputs, not the browser: what is pressed there need not be in sight. */
export const press = (button: Locator): Promise<void> =>
  button.evaluate((one) => {
    (one as HTMLElement).click();
  });
