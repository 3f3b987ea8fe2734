/**
 * How long an edit waits for its diagnostics in VS Code, and whether the extension host is held up meanwhile.
 * `node scripts/test-vscode.mjs --entry out/test/bench/editor.js`.
 *
 * A file of 2,500 lines is typed into, one character at a time: slowly, each awaited, then as fast as people type. The time
 * runs from the change event to the moment at which the diagnostics are those of the new text. VS Code fires
 * onDidChangeDiagnostics 50 ms after that, whatever an extension does. The event loop is watched all the time, and once
 * with lint off: what is left then is VS Code's own.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { report } from '../vscode/report';
import { longFile } from './long-file';

const awaitedEdits = 120;
const steadyEdits = 200;
const keyMilliseconds = 80;
const held = 10;

const wait = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds));

function quantiles(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!.toFixed(1);
  return `median ${at(0.5)} ms, 95 % ${at(0.95)} ms, longest ${at(1)} ms (${sorted.length} edits)`;
}

const say = (title: string) => {
  report({ event: 'pass', title, milliseconds: 0 });
};

/** The times at which the text changed and at which its diagnostics were new. */
class Watch {
  private readonly changes: number[] = [];
  readonly latencies: number[] = [];
  private shown: vscode.Diagnostic | undefined;
  private readonly subscription: vscode.Disposable;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly uri: vscode.Uri) {
    this.shown = this.first();
    this.subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (document.uri.toString() === uri.toString() && contentChanges.length > 0) this.changes.push(performance.now());
    });
    this.timer = setInterval(() => {
      this.look();
    }, 1);
  }

  /** Whether every edit has its diagnostics. */
  get isSettled(): boolean {
    return this.changes.length === 0;
  }

  end(): void {
    clearInterval(this.timer);
    this.subscription.dispose();
  }

  private first(): vscode.Diagnostic | undefined {
    return vscode.languages.getDiagnostics(this.uri).find(({ source }) => source === 'Gradient Doctor');
  }

  private look(): void {
    const first = this.first();
    if (first === this.shown) return;
    this.shown = first;
    const now = performance.now();
    // An answer is of the newest text, so that it answers every change before it.
    this.latencies.push(...this.changes.splice(0).map((change) => now - change));
  }
}

async function type(text: string): Promise<void> {
  await vscode.commands.executeCommand('type', { text });
}

/** Of this thread alone, in microseconds; Node's types of the oldest supported version do not have it. */
const { threadCpuUsage } = process as unknown as { threadCpuUsage: typeof process.cpuUsage };

/** How the event loop fared: how often it was held up for longer than {@link held}, and the processor time of its thread. */
async function heldUp(edits: number, work: () => Promise<void>): Promise<string> {
  const gaps: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }, 1);
  const before = threadCpuUsage();
  await work();
  const { user, system } = threadCpuUsage(before);
  clearInterval(timer);
  const long = gaps.filter((gap) => gap > held);
  const perEdit = (user + system) / 1000 / edits;
  return `over ${held} ms ${long.length} times in ${edits} edits, longest ${Math.max(...gaps).toFixed(1)} ms, processor ${perEdit.toFixed(1)} ms an edit`;
}

export async function run(): Promise<void> {
  try {
    const [folder] = vscode.workspace.workspaceFolders!;
    const path = join(folder!.uri.fsPath, 'long_training.py');
    const text = longFile();
    await writeFile(path, text);
    const document = await vscode.workspace.openTextDocument(path);
    const editor = await vscode.window.showTextDocument(document);
    const begin = performance.now();
    while (vscode.languages.getDiagnostics(document.uri).length === 0) await wait(1);
    const findings = vscode.languages.getDiagnostics(document.uri).length;
    say(`${document.lineCount} lines, ${findings} findings, first after ${(performance.now() - begin).toFixed(0)} ms`);
    const line = document.lineAt(text.slice(0, text.indexOf('\ndef ', text.length >> 1)).split('\n').length);
    editor.selection = new vscode.Selection(line.range.end, line.range.end);
    await type('\n    ');
    await wait(2000);

    const typed = async (edits: number, text: (index: number) => string, watch?: Watch) => {
      for (let index = 0; index < edits; index++) {
        const next = performance.now() + keyMilliseconds;
        await type(text(index));
        await wait(next - performance.now());
      }
      while (watch && !watch.isSettled) await wait(1);
    };
    const watch = new Watch(document.uri);
    for (let index = 0; index < awaitedEdits; index++) {
      await type('x');
      while (!watch.isSettled) await wait(1);
      await wait(100);
    }
    watch.end();
    say(`edit to diagnostics, each awaited: ${quantiles(watch.latencies)}`);

    await type('\n    ');
    const steady = new Watch(document.uri);
    const words = (index: number) => (index % 40 === 39 ? '\n' : 'y');
    const loop = await heldUp(steadyEdits, () => typed(steadyEdits, words, steady));
    steady.end();
    say(`edit to diagnostics, a key every ${keyMilliseconds} ms: ${quantiles(steady.latencies)}`);
    say(`event loop: ${loop}`);

    const settings = vscode.workspace.getConfiguration('gradientDoctor');
    await settings.update('lint', false);
    await settings.update('codeLens', false);
    await wait(1000);
    say(`event loop, lint and lenses off: ${await heldUp(steadyEdits, () => typed(steadyEdits, words))}`);
  } catch (error) {
    report({ event: 'note', message: String(error) });
  } finally {
    report({ event: 'end' });
  }
}
