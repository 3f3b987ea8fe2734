/**
 * Runs inside the extension host, on the desktop as on the server: every `*.suite.js` beside this file. The results
 * go line by line into the file that GRADIENT_DOCTOR_TEST_REPORT names, where `scripts/test-vscode.mjs` reads them.
 */
import Mocha from 'mocha';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isReporting, report } from './report';

export function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: isReporting ? Mocha.reporters.Base : 'spec' });
  for (const name of readdirSync(__dirname)
    .filter((each) => each.endsWith('.suite.js'))
    .sort())
    mocha.addFile(join(__dirname, name));
  return new Promise((resolve, reject) => {
    const runner = mocha.run((failures) => {
      report({ event: 'end' });
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
