/** Runs the command line against an engine that answers what a test says. */
import type { Engine } from '../../../extension/cli/command';
import { main } from '../../../extension/cli/main';
import { Terminal } from '../../../extension/cli/terminal';
import type { Experiment } from '../../../extension/protocol/experiment';
import type { Run } from '../../../extension/protocol/run';
import type { GradientsRequest } from '../../../extension/protocol/trainer-messages';

export interface Outcome {
  code: number;
  out: string;
  err: string;
  /** What the engine was asked to train. */
  trained: Experiment[];
  gradients: GradientsRequest[];
  disposed: boolean;
}

/** @param answers of the engine; training gives `run`, the whole of it in one chunk */
export async function gradientDoctor(
  args: readonly string[],
  { run, ...answers }: Partial<Engine> & { run?: Run } = {},
  signal = new AbortController().signal,
): Promise<Outcome> {
  const outcome: Outcome = { code: -1, out: '', err: '', trained: [], gradients: [], disposed: false };
  const unexpected = (): never => {
    throw new Error('The engine was not expected to be asked.');
  };
  const engine: Engine = {
    inspect: unexpected,
    providers: unexpected,
    bench: unexpected,
    gradients: (request) => {
      outcome.gradients.push(request);
      return Promise.resolve({ loss: 0.5, parameters: 2 });
    },
    train: (experiment, options) => {
      outcome.trained.push(experiment);
      if (!run) return unexpected();
      options?.header?.(run.header);
      if (run.steps > 0) options?.steps?.({ firstStep: 0, count: run.steps, rows: run.rows });
      return Promise.resolve(run.end!);
    },
    ...answers,
    dispose: () => {
      outcome.disposed = true;
      return Promise.resolve();
    },
  };
  const terminal = new Terminal({ write: (text) => (outcome.out += text) }, { write: (text) => (outcome.err += text) });
  outcome.code = await main(args, { engine, terminal, signal, shim: 'dist/gradient_doctor_capture', version: '1.2.3' });
  return outcome;
}
