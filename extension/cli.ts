/** The command line `gradient-doctor`: the engine without an editor. */
import { version } from '../package.json';
import { join } from 'node:path';
import { main } from './cli/main';
import { Terminal } from './cli/terminal';
import { fileTrouble } from './protocol/errors';
import { Trainer } from './trainer/host';

/** How long an interrupted command has to end by itself. */
const graceMilliseconds = 950;

const interrupt = new AbortController();
const terminal = new Terminal(process.stdout, process.stderr);
const trainer = new Trainer({ path: join(__dirname, 'trainer.js') });
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    interrupt.abort();
    setTimeout(() => {
      terminal.error('Interrupted.');
      void trainer.dispose().then(() => process.exit(130));
    }, graceMilliseconds).unref();
  });
// The reader of a pipe may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  const hasSeenEnough = error.code === 'EPIPE';
  if (!hasSeenEnough) terminal.error(`The output cannot be written: ${fileTrouble(error)}.`);
  void trainer.dispose().then(() => process.exit(hasSeenEnough ? 0 : 3));
});

void main(process.argv.slice(2), {
  engine: trainer,
  terminal,
  signal: interrupt.signal,
  shim: join(__dirname, 'gradient_doctor_capture'),
  version,
}).then((code) => {
  process.exitCode = code;
});
