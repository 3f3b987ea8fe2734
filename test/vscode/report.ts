import { appendFileSync } from 'node:fs';

/** One line about the tests, as `scripts/test-vscode.mjs` reads it. */
export interface ReportLine {
  event: 'pass' | 'fail' | 'pending' | 'note' | 'end';
  title?: string | undefined;
  milliseconds?: number | undefined;
  message?: string | undefined;
}

const file = process.env['GRADIENT_DOCTOR_TEST_REPORT'];

/** Whether somebody outside the extension host listens. */
export const isReporting = file !== undefined;

export function report(line: ReportLine): void {
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** A measurement to print beside the results. */
export function note(message: string): void {
  report({ event: 'note', message });
}
