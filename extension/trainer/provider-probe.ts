/**
 * Tries an execution provider in a process of its own: a driver that crashes takes nothing with it, and what native
 * code prints can be read.
 */
import { execFile } from 'node:child_process';
import { GraphBuilder } from '../onnx/builder';
import { exportGraph } from '../onnx/export';
import { emptyGraph } from '../onnx/graph';
import { tensor } from '../onnx/tensor';
import { loadLibrary } from './library';
import type { Attempt } from './provider-trouble';
import { reason } from './runtime';

/** The first argument that makes the trainer's program a probe. */
export const probeArgument = '--probe-provider';

const probeSeconds = 30;
/** Told apart from whatever else is printed. */
const worked = 'works';

/** What the network of the probe is: rows × width, through so many layers. */
const network = { rows: 64, width: 256, layers: 8 };
/** A provider that needs longer than this for the passes asked for is slow enough to be told after fewer. */
const enoughSeconds = 1;

/**
 * @param passes to measure; 0 to see whether it works
 * @returns the seconds of a pass where the provider works, else what happened
 */
export function probe(provider: string, passes: number): Promise<{ seconds: number } | { trouble: Attempt }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [__filename, probeArgument, provider, String(passes)],
      { timeout: 1000 * probeSeconds, killSignal: 'SIGKILL', windowsHide: true },
      (error, out, printed) => {
        const answer = out.trim().split('\n').at(-1) ?? '';
        const [word, seconds] = answer.split(' ');
        if (word === worked) resolve({ seconds: Number(seconds) });
        else resolve({ trouble: { message: answer, printed, signal: error?.signal ?? undefined } });
      },
    );
  });
}

/** What the process of a probe does. */
export async function runProbe(provider: string, passes: number): Promise<void> {
  try {
    const { rows, width, layers } = network;
    const g = new GraphBuilder(emptyGraph('trial'));
    const x = g.input('x', 'float32', [rows, width]);
    const weight = tensor(
      'float32',
      [width, width],
      Float32Array.from({ length: width * width }, (_, i) => (i % 7) - 3),
    );
    let y = x;
    for (let layer = 0; layer < layers; layer++) y = g.unary('Sigmoid', g.matmul(y, g.initializer('weight', weight)));
    g.output(y);
    const library = await loadLibrary();
    const session = await library.InferenceSession.create(exportGraph(g.graph), {
      executionProviders: [provider],
      logSeverityLevel: 4,
    });
    const feeds = { x: new library.Tensor('float32', new Float32Array(rows * width).fill(1), [rows, width]) };
    const seconds: number[] = [];
    await session.run(feeds);
    const start = performance.now();
    while (seconds.length < passes && performance.now() - start < 1000 * enoughSeconds) {
      const begin = performance.now();
      await session.run(feeds);
      seconds.push((performance.now() - begin) / 1000);
    }
    // What else the machine does makes a pass slower, never faster.
    console.log(`${worked} ${Math.min(...seconds)}`);
  } catch (error) {
    console.log(reason(error));
  }
}
