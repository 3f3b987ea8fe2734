/**
 * Runs inside the extension host, on the desktop as on the server: every `*.suite.js` beside this file. The results
 * go line by line into the file that GRADIENT_DOCTOR_TEST_REPORT names, where `scripts/test-vscode.mjs` reads them.
 */
import Mocha from 'mocha';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isReporting, report } from './report';

function runSuites(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: isReporting ? Mocha.reporters.Base : 'spec' });
  for (const name of readdirSync(__dirname)
    .filter((each) => each.endsWith('.suite.js'))
    .sort())
    mocha.addFile(join(__dirname, name));
  return new Promise<void>((resolve, reject) => {
    const runner = mocha.run((failures) => {
      if (failures > 0) reject(new Error(`${failures} failed`));
      else resolve();
    });
    runner.on('pass', (test) => {
      report({ event: 'pass', title: test.fullTitle(), milliseconds: test.duration });
    });
    runner.on('pending', (test) => {
      report({ event: 'pending', title: test.fullTitle() });
    });
    runner.on('fail', (test, error: Error) => {
      report({ event: 'fail', title: test.fullTitle(), message: error.stack ?? error.message });
    });
  });
}

/** The entry point, as VS Code calls it. */
export async function run(): Promise<void> {
  try {
    await runSuites();
  } catch (error) {
    // Also when a suite cannot even be loaded.
    report({ event: 'note', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    throw error;
  } finally {
    report({ event: 'end' });
  }
}
