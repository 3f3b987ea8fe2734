/** ONNX Runtime for the core: types without a run, and single runs on the CPU. */
import type { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import type { Runtime } from '../onnx/runtime';
import type { DataType, Tensor } from '../onnx/tensor';
import { InputError, RunError } from '../protocol/errors';
import { loadLibrary, type Library } from './library';

/** Nothing on the terminal but fatal errors: the runtime's messages are not ours. */
const quiet = { logSeverityLevel: 4, logVerbosityLevel: 0 } as const;

/**
 * @throws InputError from `outputTypes` for a model that the runtime refuses
 * @throws RunError from `run` when the computation fails
 */
export function createRuntime(): Runtime {
  return {
    async outputTypes(model) {
      const library = await loadLibrary();
      // `basic` folds the arithmetic on shapes: below it, a reshape to a computed shape has no known sizes.
      const session = await open(library, model, 'basic');
      try {
        return new Map(session.outputMetadata.flatMap(typeOf));
      } finally {
        await session.release();
      }
    },
    async run(model, feeds) {
      const library = await loadLibrary();
      const session = await open(library, model, 'disabled');
      try {
        const inputs = Object.fromEntries([...feeds].map(([name, value]) => [name, toRuntime(library, value)]));
        const outputs = await session.run(inputs, quiet);
        return new Map(Object.entries(outputs).map(([name, value]) => [name, fromRuntime(value)]));
      } catch (error) {
        throw new RunError(reason(error));
      } finally {
        await session.release();
      }
    },
  };
}

/** Of ONNX Runtime, as in 1.30.0. */
export async function runtimeVersion(): Promise<string> {
  const { env } = await loadLibrary();
  return env.versions.node ?? env.versions.common;
}

async function open(
  library: Library,
  model: Uint8Array,
  graphOptimizationLevel: 'disabled' | 'basic',
): Promise<InferenceSession> {
  try {
    return await library.InferenceSession.create(model, {
      ...quiet,
      executionProviders: ['cpu'],
      graphOptimizationLevel,
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
  } catch (error) {
    throw new InputError(`ONNX Runtime refuses the model: ${reason(error)}`);
  }
}

/** Sequences and maps have no type of ours and are left out. */
function typeOf(
  output: InferenceSession.ValueMetadata,
): [string, { dtype: DataType; shape: readonly (number | undefined)[] }][] {
  if (!output.isTensor) return [];
  const shape = output.shape.map((size) => (typeof size === 'number' ? size : undefined));
  return [[output.name, { dtype: output.type as DataType, shape }]];
}

export const toRuntime = (library: Library, { dtype, data, shape }: Tensor): RuntimeTensor =>
  new library.Tensor(dtype as 'float32', data as Float32Array, shape);

export const fromRuntime = ({ type, data, dims }: RuntimeTensor): Tensor => ({
  dtype: type as DataType,
  shape: dims,
  data: data,
});

const unknownOperator = (name: string, place = ''): string =>
  `it has no operator ${name}${place}. Replace that in the model, and export it again.`;

/** The first line of an error of the runtime, without its codes and the places in its own source. */
export function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .split('\n')[0]!
    .replace(/^(Error: )?(Can't create a session\. )?(ERROR_CODE: \d+, ERROR_MESSAGE: )?/, '')
    .replace(/(\/|[A-Z]:\\)\S+\.(cc|h|cpp):\d+ \S+( \[[^\]]*\])?\s*/g, '')
    .replace(/^(.*)Non-zero status code returned while running (\w+) node\. Name:'(.*?)' Status Message: /, '$2 ($3): ')
    .replace(/^Load model from .*? failed:\s*/, '')
    .replace(
      /^.*In Node, \("(.*?)", \w+, .*No Op registered for (\S+) with.*$/,
      unknownOperator('$2', ', of node "$1"'),
    )
    .replace(/^.*?(?:Fatal error: )?(\S+?)(?:\(-?\d+\))? is not a registered function\/op.*$/, unknownOperator('$1'))
    .replace(/^Node \((.*?)\) Op \((\w+)\) \[\w+InferenceError\] /, '$2 "$1": ')
    .replace(
      /\S*::AllocateRawInternal.*?Failed to allocate memory.* size (\d+).*$/,
      (_, bytes: string) =>
        `not enough memory for a value of ${Number((Number(bytes) / 1e9).toPrecision(2))} GB; use a smaller batch or model.`,
    )
    .trim();
}
