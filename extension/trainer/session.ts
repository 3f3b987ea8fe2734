/** Graphs loaded into ONNX Runtime to be run many times. */
import type { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import { exportGraph } from '../onnx/export';
import type { Graph } from '../onnx/graph';
import { sizeOf, type Tensor } from '../onnx/tensor';
import { RunError } from '../protocol/errors';
import { loadLibrary, type Library } from './library';
import { fromRuntime, reason, toRuntime } from './runtime';

export interface SessionSettings {
  /** The execution provider by ONNX Runtime's name. */
  provider: string;
  threads: number;
  /** Where given, calls are profiled into files whose names start so, until `endProfile`. */
  profile?: string;
  /** Outputs that stay in the memory of the device. Their tensors are fed to sessions on it, and to be disposed. */
  onDevice?: readonly string[];
}

export type Feeds = Record<string, RuntimeTensor>;

/** In WebGPU's own layout, channels last, some convolutions give wrong numbers (depthwise ones and small images). */
const providerOptions = (provider: string): InferenceSession.ExecutionProviderConfig =>
  provider === 'webgpu' ? { name: 'webgpu', preferredLayout: 'NCHW' } : provider;

/**
 * From its second call on the runtime plans memory for all values together, and keeps what the first call took beside
 * that: a fifth more memory for convolutional networks, where it saves no time.
 */
const mostPlanned = 2 ** 27;

/** Of all values whose shape is known, those of subgraphs among them. */
function elementsOf(graph: Graph): number {
  let sum = 0;
  for (const { shape } of graph.types.values()) sum += sizeOf(shape);
  for (const { attributes } of graph.nodes)
    for (const attribute of Object.values(attributes))
      if (attribute.type === 'graph') sum += elementsOf(attribute.value);
  return sum;
}

export class Session {
  private constructor(
    private readonly session: InferenceSession,
    private readonly library: Library,
  ) {}

  /** @throws RunError where the runtime refuses the graph. */
  static async open(graph: Graph, { provider, threads, profile, onDevice = [] }: SessionSettings): Promise<Session> {
    const library = await loadLibrary();
    try {
      const session = await library.InferenceSession.create(exportGraph(graph), {
        executionProviders: [providerOptions(provider)],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // Higher levels take seconds longer on large graphs and save next to nothing on these.
        graphOptimizationLevel: 'basic',
        enableMemPattern: elementsOf(graph) <= mostPlanned,
        logSeverityLevel: 4,
        ...(onDevice.length > 0 && {
          preferredOutputLocation: Object.fromEntries(
            graph.outputs.map(({ name }) => [name, onDevice.includes(name) ? 'gpu-buffer' : 'cpu']),
          ),
        }),
        ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
      });
      return new Session(session, library);
    } catch (error) {
      throw new RunError(`ONNX Runtime refuses the training graph: ${reason(error)}`);
    }
  }

  /** @throws RunError where the runtime fails. */
  async run(feeds: Feeds): Promise<Feeds> {
    try {
      return await this.session.run(feeds);
    } catch (error) {
      throw new RunError(`ONNX Runtime failed: ${reason(error)}`);
    }
  }

  tensor(tensor: Tensor): RuntimeTensor {
    return toRuntime(this.library, tensor);
  }

  /** Writes what has been profiled. */
  endProfile(): void {
    this.session.endProfiling();
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** Loads a graph, runs it once, and lets it go. @throws RunError where the runtime refuses or fails */
export async function runOnce(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  settings: SessionSettings,
): Promise<Map<string, Tensor>> {
  const session = await Session.open(graph, settings);
  try {
    const results = await session.run(
      Object.fromEntries([...feeds].map(([name, value]) => [name, session.tensor(value)])),
    );
    return new Map(Object.entries(results).map(([name, value]) => [name, fromRuntime(value)]));
  } finally {
    await session.release();
  }
}
