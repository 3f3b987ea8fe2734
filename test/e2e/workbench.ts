import { chromium, type Browser, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What scripts/test-e2e.mjs tells. */
const environment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set. Run these tests by scripts/test-e2e.mjs.`);
  return value;
};

export const artifact = (name: string): string => join(environment('E2E_ARTIFACTS'), name);
export const serverProcess = (): number => Number(environment('E2E_SERVER_PID'));

/** A folder of its own for one test: a copy of the samples, with workspace settings. */
export async function aWorkspace(settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = await mkdtemp(join(environment('E2E_FOLDER'), 'workspace-'));
  await cp(environment('E2E_SAMPLES'), folder, { recursive: true });
  await mkdir(join(folder, '.vscode'));
  await writeFile(join(folder, '.vscode/settings.json'), JSON.stringify({ ...quiet, ...settings }));
  return folder;
}

const quiet = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'workbench.colorTheme': 'Default Dark Modern',
};

let browser: Browser | undefined;

export async function closeBrowser(): Promise<void> {
  await browser?.close();
  browser = undefined;
}

/** VS Code as its user sees it. */
export class Workbench {
  private constructor(readonly page: Page) {}

  static async open(folder: string, size = { width: 1440, height: 900 }): Promise<Workbench> {
    browser ??= await chromium.connect(environment('E2E_BROWSER'));
    const page = await browser.newPage({ viewport: size });
    const address = new URL(environment('E2E_ADDRESS'));
    address.searchParams.set('folder', folder);
    await page.goto(address.href);
    const workbench = new Workbench(page);
    await workbench.loaded();
    return workbench;
  }

  async loaded(): Promise<void> {
    await this.page.locator('.explorer-viewlet .monaco-list-row').first().waitFor({ timeout: 60_000 });
    const besides = this.page.locator(
      '.part.auxiliarybar .codicon-auxiliarybar-close, .part.auxiliarybar .codicon-close',
    );
    if (await besides.first().isVisible()) await besides.first().click();
  }

  /** Reloads the window, as the user would by "Developer: Reload Window". */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
  }

  close(): Promise<void> {
    return this.page.close();
  }

  /** Runs a command from the palette by its title. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input');
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().click();
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
    await this.menuOf(path);
    await this.page.locator('.monaco-menu').getByText(entry, { exact: true }).click();
  }

  /** The entries of one of the views in the side bar. */
  entries(view: string): Locator {
    return this.page.locator(
      `[aria-label^="${view}"] .monaco-list-row, .tree-explorer-viewlet-tree-view[aria-label^="${view}"] .monaco-list-row`,
    );
  }

  notifications(): Locator {
    return this.page.locator('.notification-toast .notification-list-item-message');
  }

  /** What is inside the webview of an editor or of the side bar. */
  webview(): FrameLocator {
    return this.page.locator('iframe.webview.ready').first().contentFrame().frameLocator('iframe#active-frame');
  }

  screenshot(name: string): Promise<unknown> {
    return this.page.screenshot({ path: artifact(`${name}.png`) });
  }
}
