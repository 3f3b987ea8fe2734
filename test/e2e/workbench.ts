import { chromium, type Browser, type Frame, type Locator, type Page } from 'playwright-core';
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunStore, type RunRecord } from '../../extension/panel/run-store';
import { readSearch } from '../../extension/panel/search-file';
import type { Search } from '../../extension/protocol/prescription';
import type { Run } from '../../extension/protocol/run';

/** What scripts/test-e2e.mjs tells. */
const environment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set. Run these tests by scripts/test-e2e.mjs.`);
  return value;
};

export const artifact = (name: string): string => join(environment('E2E_ARTIFACTS'), name);

const quiet = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'workbench.colorTheme': 'Default Dark Modern',
};

/** A folder of its own for one test: a copy of the samples, with workspace settings. */
export async function aWorkspace(settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = await mkdtemp(join(environment('E2E_FOLDER'), 'samples-'));
  await cp(environment('E2E_SAMPLES'), folder, { recursive: true });
  await mkdir(join(folder, '.vscode'));
  await changeSettings(folder, settings);
  return folder;
}

export const changeSettings = (folder: string, settings: Readonly<Record<string, unknown>>): Promise<void> =>
  writeFile(join(folder, '.vscode/settings.json'), JSON.stringify({ ...quiet, ...settings }));

let browser: Browser | undefined;

export async function closeBrowser(): Promise<void> {
  await browser?.close();
  browser = undefined;
}

/** What the user sees when a test has failed; for an `afterEach`. */
export async function pictureOfFailure(this: Mocha.Context): Promise<void> {
  if (this.currentTest?.state !== 'failed') return;
  const name = this.currentTest.fullTitle().replaceAll(/\W+/g, '-');
  for (const page of browser?.contexts().flatMap((context) => context.pages()) ?? [])
    await page.screenshot({ path: artifact(`failed-${name}.png`) });
}

/** A title of a command as the palette shows it, with the dots of one that asks. */
const named = (title: string): RegExp => new RegExp(`^${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}…?$`);

/** VS Code as its user sees it. */
export class Workbench {
  private constructor(readonly page: Page) {}

  static open(folder: string): Promise<Workbench> {
    return Workbench.openFolder('E2E_ADDRESS', folder);
  }

  /** In Restricted Mode. */
  static openUntrusted(folder: string): Promise<Workbench> {
    return Workbench.openFolder('E2E_WARY_ADDRESS', folder);
  }

  private static openFolder(server: string, folder: string): Promise<Workbench> {
    const address = new URL(environment(server));
    address.searchParams.set('folder', folder);
    return Workbench.openAt(address.href);
  }

  static async openAt(address: string): Promise<Workbench> {
    browser ??= await chromium.connect(environment('E2E_BROWSER'));
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(15_000);
    await page.goto(address);
    const workbench = new Workbench(page);
    await page.locator('.explorer-viewlet .monaco-list-row').first().waitFor({ timeout: 60_000 });
    const besides = page.locator('.part.auxiliarybar .codicon-auxiliarybar-close, .part.auxiliarybar .codicon-close');
    if (await besides.first().isVisible()) await besides.first().click();
    // Contributed once the extensions are known.
    await workbench.activityBarIcon().waitFor({ timeout: 60_000 });
    return workbench;
  }

  /** Reloads the window by the editor's own command, which lets it save what it has open. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('load', { timeout: 60_000 });
    await this.command('Developer: Reload Window');
    await loaded;
    await this.activityBarIcon().waitFor({ timeout: 60_000 });
  }

  async close(): Promise<void> {
    // As a user leaves, so that the editor can say goodbye to its server and end what it has started.
    await this.page.goto('about:blank');
    await this.page.close();
  }

  /** Runs a command from the palette by its title. */
  async command(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input.input');
    // The palette ranks by its own measure: what is wanted need not come first.
    const label = this.page.locator('.monaco-highlighted-label').filter({ hasText: named(title) });
    const entry = this.page.locator('.quick-input-list .monaco-list-row').filter({ has: label }).first();
    const soon = { timeout: 3000 };
    // A view that opens takes the focus, and the palette closes: then it is opened again.
    await until(async () => {
      try {
        if (!(await input.isVisible())) await this.page.keyboard.press('F1');
        await input.fill(`>${title}`, soon);
        await entry.click(soon);
        return true;
      } catch {
        return false;
      }
    }, `"${title}" is chosen in the palette`);
  }

  /** Picks an entry of the open quick pick. */
  async pick(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().click();
  }

  /** Opens the context menu of a file in the Explorer. */
  async menuOf(path: readonly string[]): Promise<void> {
    for (const [index, name] of path.entries()) {
      const row = this.page.locator('.explorer-viewlet .monaco-list-row').filter({ hasText: name }).first();
      if (index === path.length - 1) await row.click({ button: 'right' });
      else if ((await row.getAttribute('aria-expanded')) !== 'true') await row.click();
    }
    await this.page.locator('.monaco-menu').waitFor();
  }

  /** Chooses an entry of the context menu of a file in the Explorer. */
  async fromExplorer(path: readonly string[], entry: string): Promise<void> {
    // Right after the window has opened the editor may not have decided yet whether it trusts the folder.
    await until(async () => {
      await this.menuOf(path);
      const item = this.page.locator('.monaco-menu .action-item').filter({ hasText: entry });
      if (!/\bdisabled\b/.test((await item.getAttribute('class')) ?? '')) {
        await this.choose(item);
        return true;
      }
      await this.page.keyboard.press('Escape');
      return false;
    }, `"${entry}" can be chosen`);
  }

  /** Shows the side bar of the extension. */
  async showViews(): Promise<void> {
    await this.showSideBar(this.activityBarIcon(), this.view('Findings'));
  }

  /** One of the views in the side bar. */
  view(name: string): Locator {
    return this.page
      .locator('.split-view-view .pane')
      .filter({ has: this.page.locator(`.pane-header[aria-label^="${name}"]`) });
  }

  /** The entries of a view, as a screen reader reads them. */
  async entries(view: string): Promise<string[]> {
    const rows = this.view(view).locator('.monaco-list-row');
    await rows.first().waitFor();
    return rows.evaluateAll((found) => found.map((row) => row.getAttribute('aria-label') ?? row.textContent));
  }

  /** An entry of a view by the beginning of what a screen reader reads, or by a pattern. */
  row(view: string, label: string | RegExp): Locator {
    const rows = this.view(view);
    return typeof label === 'string'
      ? rows.locator(`.monaco-list-row[aria-label^="${label}"]`)
      : rows.getByRole('treeitem', { name: label });
  }

  /** Chooses an entry of a context menu. */
  async fromMenuOf(target: Locator, entry: string): Promise<void> {
    await target.click({ button: 'right' });
    await this.choose(this.page.locator('.monaco-menu .action-item').filter({ hasText: entry }));
  }

  /** Chooses an entry of the open menu. One that has just opened takes no click: it might be the one that opened it. */
  private async choose(entry: Locator): Promise<void> {
    await entry.waitFor();
    await until(async () => {
      if (await entry.isVisible()) await entry.click();
      await this.page.waitForTimeout(200);
      return !(await entry.isVisible());
    }, 'the entry of the menu is chosen');
  }

  /** Types into the input that is open, in place of what is there, and confirms. */
  async type(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input.input');
    await until(async () => (await input.isVisible()) && (await input.inputValue()) !== '', 'there is an input');
    // A dialog that is still being filled puts its own text there once more.
    await until(async () => {
      await input.fill(text);
      await this.page.waitForTimeout(1000);
      return (await input.inputValue()) === text;
    }, 'the text is there');
    // The file dialog first looks at what was typed, and until then does not take it.
    await until(async () => {
      if (await input.isVisible()) await input.press('Enter');
      return input.waitFor({ state: 'hidden', timeout: 4000 }).then(
        () => true,
        () => false,
      );
    }, 'the input is taken');
  }

  async openExplorer(): Promise<void> {
    const icon = this.page.locator('.activitybar .action-label[aria-label^="Explorer"]').first();
    await this.showSideBar(icon, this.page.locator('.explorer-viewlet'));
  }

  private async showSideBar(icon: Locator, view: Locator): Promise<void> {
    const shown = (timeout: number) =>
      view.waitFor({ timeout }).then(
        () => true,
        () => false,
      );
    // A click hides a side bar that is shown, be it that the window restored it in the same moment: then once more.
    await until(async () => {
      if (await shown(500)) return true;
      // The badge lies over the icon.
      await icon.click({ force: true });
      return shown(5000);
    }, 'the side bar is shown');
  }

  /** The settings that hold for every folder, as the editor has stored them: the user's and the machine's. */
  async settings(): Promise<string> {
    const read = (scope: string) =>
      readFile(join(environment('E2E_DATA'), 'data', scope, 'settings.json'), 'utf8').catch(() => '');
    return (await read('User')) + (await read('Machine'));
  }

  /** The text of a notification that contains `text`. */
  async notification(text: string | RegExp, timeout = 60_000): Promise<string> {
    const found = this.page.locator('.notification-list-item-message').filter({ hasText: text }).first();
    await found.waitFor({ timeout });
    return found.innerText();
  }

  async dismissNotifications(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
  }

  /** Done when no run is going on. */
  async runEnded(timeout = 90_000): Promise<void> {
    await this.statusBarItem().waitFor({ state: 'hidden', timeout });
  }

  statusBarItem(): Locator {
    return this.page.locator('.statusbar-item[id$="gradientDoctor.run"]');
  }

  /** The page of the gradient panel in an editor. */
  async panel(): Promise<Frame> {
    const outer = this.page.locator('iframe.webview.ready').first();
    const inner = outer.contentFrame().locator('iframe#active-frame');
    await inner.contentFrame().locator('.verdict').waitFor({ timeout: 60_000 });
    const handle = await inner.elementHandle();
    return (await handle.contentFrame())!;
  }

  screenshot(name: string): Promise<unknown> {
    return this.page.screenshot({ path: artifact(`${name}.png`) });
  }

  private activityBarIcon(): Locator {
    return this.page.locator('.activitybar .action-label[aria-label^="Gradient Doctor"]').first();
  }
}

/** The runs, all of them ended, that the extension has stored for a workspace: what a panel's numbers must agree with. */
export async function storedRuns(folder: string): Promise<{ record: RunRecord; run: Run }[]> {
  const storages = join(environment('E2E_DATA'), 'data/User/workspaceStorage');
  for (const storage of await readdir(storages)) {
    const runs = join(storages, storage, 'gradient-doctor.gradient-doctor/runs');
    const store = new RunStore(runs, { runs: 50, bytes: Infinity });
    const records = await store.list({ kind: 'stopped', reason: 'read by a test' }).catch(() => []);
    if (!records.some(({ header: { settings } }) => (settings.capture?.script ?? settings.model).startsWith(folder)))
      continue;
    return Promise.all(
      records.map(async (record) => {
        const rows = await store.readRows(record);
        return { record, run: { header: record.header, steps: record.steps, rows, end: record.end } };
      }),
    );
  }
  return [];
}

/** What was tried on a run, as the extension has stored it. */
export async function storedSearch({ id }: RunRecord): Promise<Search | undefined> {
  const storages = join(environment('E2E_DATA'), 'data/User/workspaceStorage');
  for (const storage of await readdir(storages)) {
    const file = join(storages, storage, 'gradient-doctor.gradient-doctor/runs', `${id}.trials`);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return readSearch(text, { kind: 'stopped', reason: 'read by a test' });
  }
  return undefined;
}

/** Process ids of the trainers that VS Code has started. */
export const trainerProcesses = (): Promise<number[]> => processesOf('dist/trainer.js');

/** Process ids of what runs captures of scripts for VS Code. */
export const captureProcesses = (): Promise<number[]> => processesOf('gradient_doctor_capture');

/** Processes that descend from the servers, by what their command lines contain. */
async function processesOf(part: string): Promise<number[]> {
  const servers = environment('E2E_SERVER_PIDS').split(',').map(Number);
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const read = (id: number, file: string) => readFile(`/proc/${id}/${file}`, 'utf8').catch(() => '');
  const parentOf = async (id: number) => Number(/\) \S (\d+)/.exec(await read(id, 'stat'))?.[1] ?? 0);
  const startedHere = async (id: number): Promise<boolean> =>
    servers.includes(id) || (id > 1 && (await startedHere(await parentOf(id))));
  const found: number[] = [];
  for (const id of ids) if ((await read(id, 'cmdline')).includes(part) && (await startedHere(id))) found.push(id);
  return found;
}

/** Waits until `condition` holds. */
export async function until(condition: () => Promise<boolean>, what: string, milliseconds = 30_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await new Promise((later) => setTimeout(later, 200));
  }
}
