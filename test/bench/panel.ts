/**
 * How long the gradient panel blocks its page with 500 layers × 10,000 steps: `node out/test/bench/panel.js`.
 * Prints, for each thing a user does, the longest piece of work on the page's thread, in milliseconds: as the clock
 * saw it, and as time of the processor, which other programs on the machine do not disturb.
 */
import type { CDPSession, Page } from 'playwright-core';
import { rowBudget, strideFor } from '../../extension/panel/sampling';
import { rowWidth } from '../../extension/protocol/run';
import { startPanelBrowser } from '../e2e/panel-page';
import { syntheticLayout } from '../e2e/synthetic-run';

const layers = Number(process.argv[2] ?? 500);
const steps = Number(process.argv[3] ?? 10_000);

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args: { name?: string };
}

/** The longest tasks of the page's thread while something is done. */
async function longestTask(page: Page, session: CDPSession, action: () => Promise<unknown>, settle: number) {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: object[] }) => events.push(...(value as TraceEvent[]));
  session.on('Tracing.dataCollected', collect);
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
  });
  await action();
  await page.waitForTimeout(settle);
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  const mains = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const tasks = events.filter(
    ({ name, pid, tid }) => name.endsWith('RunTask') && mains.some((main) => main.pid === pid && main.tid === tid),
  );
  const longest = (time: (task: TraceEvent) => number) => Math.max(0, ...tasks.map(time)) / 1000;
  return {
    clock: Number(longest(({ dur = 0 }) => dur).toFixed(1)),
    processor: Number(longest(({ tdur = 0 }) => tdur).toFixed(1)),
    tasksAbove50: tasks.filter(({ tdur = 0 }) => tdur > 50_000).length,
  };
}

async function main(): Promise<void> {
  // What the host sends of so long a run: every stride-th step, chosen so that no spike is lost.
  const width = rowWidth(syntheticLayout(layers));
  const sent = Math.ceil(steps / strideFor(steps, rowBudget(width)));
  const browser = await startPanelBrowser();
  try {
    const page = await browser.open({
      theme: 'dark',
      width: 1280,
      height: 900,
      runs: [{ name: 'long', layers, steps: sent, sent: sent - 100, passed: 0.97, running: true }],
    });
    await page.waitForTimeout(4000);
    const session = await page.context().newCDPSession(page);
    const cursor = page.locator('[data-figure="gradients"] canvas[role=img]');
    const measure = async (name: string, action: () => Promise<unknown>, settle = 1500) => {
      console.log(JSON.stringify({ name, ...(await longestTask(page, session, action, settle)) }));
    };
    console.log(
      JSON.stringify({ layers, steps, rowsInPanel: sent, megabytes: Math.round((sent * width * 4) / 2 ** 20) }),
    );
    await measure(
      'the whole run arrives',
      () =>
        page.evaluate(() => {
          window.harness.resend(0);
        }),
      4000,
    );
    await measure('ten steps arrive', () =>
      page.evaluate(() => {
        window.harness.advance(0, 10);
      }),
    );
    await measure('the step slider moves', async () => {
      const slider = page.locator('.step-control input');
      await slider.focus();
      for (let i = 0; i < 10; i++) await page.keyboard.press('PageDown');
    });
    await measure('zoom in', () =>
      page.locator('[data-figure="gradients"] vscode-button[aria-label="Zoom in"]').click(),
    );
    await measure('the pointer moves over 500 lines', async () => {
      const box = (await cursor.boundingBox())!;
      for (let i = 0; i < 10; i++) await page.mouse.move(box.x + 60 + 20 * i, box.y + 40 + 10 * i);
    });
    await measure('scroll to the end', () => page.mouse.wheel(0, 4000));
    await measure('the table opens', () =>
      page.locator('[data-figure="update-ratio"] vscode-button[aria-label="Show the numbers"]').click(),
    );
    await measure('a theme change', () =>
      page.evaluate(() => {
        document.body.className = 'vscode-light';
      }),
    );
  } finally {
    await browser.close();
  }
}

void main();
