/** The panel's page by itself in Chromium, under the content security policy it has in the editor. */
import * as esbuild from 'esbuild';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { HostToPanel, PanelToHost } from '../../extension/protocol/panel-messages';
import type { ShownRun } from './panel-script';
import { themes } from './themes';

export interface Harness {
  received: PanelToHost[];
  violations: string[];
  longTasks: number[];
  post(message: HostToPanel): void;
  resend(index: number): void;
  advance(index: number, count: number): void;
}
declare global {
  interface Window {
    preparedRuns: readonly ShownRun[];
    harness: Harness;
  }
}

const nonce = 'bm90IHNlY3JldA';
const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src http://127.0.0.1:* 'nonce-${nonce}'; img-src data:; font-src 'none'`;

const root = join(__dirname, '../../..');

export interface PanelBrowser {
  open(options: {
    theme: keyof typeof themes;
    width: number;
    height: number;
    runs: readonly ShownRun[];
    reducedMotion?: boolean;
  }): Promise<Page>;
  close(): Promise<void>;
}

/** Starts Chromium and a server of the built panel (`dist/webview`). */
export async function startPanelBrowser(): Promise<PanelBrowser> {
  const script = await esbuild.build({
    entryPoints: [join(root, 'test/e2e/panel-script.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2023',
  });
  const files: Readonly<Record<string, (query: string) => Promise<string> | string>> = {
    '/panel.js': () => readFile(join(root, 'dist/webview/panel.js'), 'utf8'),
    '/panel.css': () => readFile(join(root, 'dist/webview/panel.css'), 'utf8'),
    '/theme.css': (query) => variablesOf(query as keyof typeof themes),
    '/harness.js': () => script.outputFiles[0]!.text,
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const file = files[url.pathname];
    void (async () => {
      response.setHeader(
        'content-type',
        url.pathname.endsWith('.js') ? 'text/javascript' : url.pathname.endsWith('.css') ? 'text/css' : 'text/html',
      );
      if (file) return response.end(await file(url.search.slice(1)));
      if (url.pathname !== '/') return response.writeHead(404).end();
      response.setHeader('content-security-policy', policy);
      return response.end(pageOf(url.searchParams.get('theme') as keyof typeof themes));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    async open({ theme, width, height, runs, reducedMotion }) {
      const page = await browser.newPage({
        viewport: { width, height },
        reducedMotion: reducedMotion ? 'reduce' : 'no-preference',
      });
      await page.addInitScript((prepared) => {
        window.preparedRuns = prepared;
      }, runs);
      await page.goto(`http://127.0.0.1:${port}/?theme=${theme}`);
      return page;
    },
    close: () => stop(browser, server),
  };
}

/** As the editor makes it: the theme's class and variables are there before any script runs. */
const pageOf = (theme: keyof typeof themes): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta property="csp-nonce" content="${nonce}">
    <title>Gradient panel, ${theme}</title>
    <link rel="stylesheet" href="/panel.css">
    <link rel="stylesheet" href="/theme.css?${theme}">
    <script nonce="${nonce}" src="/harness.js"></script>
  </head>
  <body class="${themes[theme].kind}">
    <script type="module" nonce="${nonce}" src="/panel.js"></script>
  </body>
</html>`;

const variablesOf = (theme: keyof typeof themes): string =>
  `:root{${Object.entries(themes[theme].variables)
    .map(([name, value]) => `--vscode-${name}:${value};`)
    .join('')}}`;

async function stop(browser: Browser, server: Server): Promise<void> {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
}
