/**
 * Tries an execution provider in a process of its own: a driver that crashes takes nothing with it, and what native
 * code prints can be read.
 */
import { execFile } from 'node:child_process';
import { GraphBuilder } from '../onnx/builder';
import { exportGraph } from '../onnx/export';
import { emptyGraph } from '../onnx/graph';
import { loadLibrary } from './library';
import type { Attempt } from './provider-trouble';
import { reason } from './runtime';

/** The first argument that makes the trainer's program a probe. */
export const probeArgument = '--probe-provider';

const probeSeconds = 30;
/** Told apart from whatever else is printed. */
const worked = 'works';

/** @returns undefined where the provider works */
export function probe(provider: string): Promise<Attempt | undefined> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [__filename, probeArgument, provider],
      { timeout: 1000 * probeSeconds, killSignal: 'SIGKILL', windowsHide: true },
      (error, out, printed) => {
        const answer = out.trim().split('\n').at(-1) ?? '';
        if (answer === worked) resolve(undefined);
        else resolve({ message: answer, printed, signal: error?.signal ?? undefined });
      },
    );
  });
}

/** What the process of a probe does. */
export async function runProbe(provider: string): Promise<void> {
  try {
    const g = new GraphBuilder(emptyGraph('trial'));
    const x = g.input('x', 'float32', [2, 2]);
    g.output(g.matmul(g.add(x, x), x));
    const library = await loadLibrary();
    const session = await library.InferenceSession.create(exportGraph(g.graph), {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    await session.run({ x: new library.Tensor('float32', [1, 2, 3, 4], [2, 2]) });
    console.log(worked);
  } catch (error) {
    console.log(reason(error));
  }
}
