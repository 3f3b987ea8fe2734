/**
 * The trainer process: takes requests from the host that forked it, one at a time, and answers with progress, rows and
 * results. It ends when its host is gone.
 */
import { InputError, RunError } from '../protocol/errors';
import type { HostMessage, TrainerMessage, TrainerRequest, TrainerResults } from '../protocol/trainer-messages';
import { inspectModel } from './inspect';
import { bench } from './jobs/bench';
import { gradients } from './jobs/gradients';
import type { JobContext } from './jobs/job';
import { train } from './jobs/train';
import { probeArgument, runProbe } from './provider-probe';
import { listProviders } from './providers';
import { createRuntime } from './runtime';

const running = new Map<number, AbortController>();

const send = (message: TrainerMessage): void => {
  if (process.connected) process.send?.(message);
};

const runJob = (request: TrainerRequest, job: JobContext): Promise<TrainerResults[keyof TrainerResults]> => {
  switch (request.type) {
    case 'inspect':
      return inspectModel(request.model);
    case 'gradients':
      return gradients(request.request, job);
    case 'train':
      return train(request.experiment, job);
    case 'bench':
      return bench(request.request, job);
    case 'providers':
      return listProviders();
  }
};

async function answer(id: number, request: TrainerRequest): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const result = await runJob(request, {
      runtime: createRuntime(),
      signal: controller.signal,
      progress: (phase, fraction) => {
        send({ type: 'progress', id, phase, fraction });
      },
      header: (header) => {
        send({ type: 'header', id, header });
      },
      steps: (chunk) => {
        send({ type: 'steps', id, chunk });
      },
    });
    send({ type: 'result', id, result });
  } catch (error) {
    send({ type: 'error', id, kind: error instanceof InputError ? 'input' : 'run', message: messageOf(error) });
  } finally {
    running.delete(id);
  }
}

/** One line, whatever was thrown. */
function messageOf(error: unknown): string {
  if (error instanceof RangeError && /allocation|Invalid typed array length/i.test(error.message))
    return 'Out of memory: use a smaller batch or model.';
  // Our own may hold the name of a file in which there is a line break.
  if (error instanceof InputError || error instanceof RunError) return error.message.replace(/\s*\n\s*/g, ' ');
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0]!.trim() || 'The trainer failed.';
}

function serve(): void {
  process.on('message', (message: HostMessage) => {
    if (message.type === 'cancel') running.get(message.id)?.abort();
    else void answer(message.id, message.request);
  });
  // Nobody is left to train for.
  process.on('disconnect', () => process.exit());
  // An interrupt in a terminal reaches the whole group of processes; the host decides what it means.
  process.on('SIGINT', () => undefined);
  send({ type: 'ready' });
}

const [mode, provider, passes] = process.argv.slice(2);
if (mode === probeArgument) void runProbe(provider!, Number(passes));
else serve();
