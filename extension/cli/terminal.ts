/** Standard output for results, standard error for progress and errors. */
import { stripVTControlCharacters } from 'node:util';
import { toJson } from '../protocol/json';

export interface Stream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Progress is written over itself no oftener than this. */
const progressMilliseconds = 100;

export class Terminal {
  private progressLength = 0;
  private lastProgress = 0;

  constructor(
    private readonly out: Stream,
    private readonly err: Stream,
  ) {}

  print(text: string): void {
    this.clearProgress();
    this.out.write(`${text}\n`);
  }

  /** One JSON document. */
  printJson(value: unknown): void {
    this.print(toJson(value));
  }

  /** Whatever the message holds, one line. */
  error(message: string): void {
    this.clearProgress();
    this.err.write(
      `${stripVTControlCharacters(message)
        .trim()
        .replace(/\s*\n\s*/g, ' ')}\n`,
    );
  }

  /** A line beside the result. */
  log(line: string): void {
    this.clearProgress();
    this.err.write(`${line}\n`);
  }

  /** A line that the next one replaces; only where somebody watches. */
  progress(text: string): void {
    const now = Date.now();
    if (!this.err.isTTY || now - this.lastProgress < progressMilliseconds) return;
    this.lastProgress = now;
    const line = text.slice(0, (this.err.columns ?? 80) - 1);
    this.err.write(`\r${line.padEnd(this.progressLength)}`);
    this.progressLength = line.length;
  }

  clearProgress(): void {
    if (this.progressLength > 0) this.err.write(`\r${' '.repeat(this.progressLength)}\r`);
    this.progressLength = 0;
  }
}
