/** The command line `gradient-doctor`: the engine without an editor. */
import { version } from '../package.json';
import { join } from 'node:path';
import { main } from './cli/main';
import { Terminal } from './cli/terminal';
import { Trainer } from './trainer/host';

/** How long an interrupted command has to end by itself. */
const graceMilliseconds = 950;

const interrupt = new AbortController();
const trainer = new Trainer({ path: join(__dirname, 'trainer.js') });
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    interrupt.abort();
    setTimeout(() => {
      void trainer.dispose().then(() => process.exit(130));
    }, graceMilliseconds).unref();
  });
// The reader of a pipe may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  void trainer.dispose().then(() => process.exit(error.code === 'EPIPE' ? 0 : 3));
});

void main(process.argv.slice(2), {
  engine: trainer,
  terminal: new Terminal(process.stdout, process.stderr),
  signal: interrupt.signal,
  shim: join(__dirname, 'gradient_doctor_capture'),
  version,
}).then((code) => {
  process.exitCode = code;
});
