/** One thread, quiet: graphs of a few nodes, opened by the hundred. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { exportGraph } from '../../../../extension/onnx/export';
import type { Graph } from '../../../../extension/onnx/graph';
import type { DataType, Tensor } from '../../../../extension/onnx/tensor';

export const openSession = (graph: Graph, outputs: readonly string[]): Promise<InferenceSession> =>
  InferenceSession.create(exportGraph(graph, outputs), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    graphOptimizationLevel: 'basic',
  });

export async function run(session: InferenceSession, feeds: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
  const given = [...feeds].map(([name, { dtype, data, shape }]) => [
    name,
    new OrtTensor(dtype as 'float32', data as Float32Array, shape),
  ]);
  const results = await session.run(Object.fromEntries(given) as Record<string, OrtTensor>);
  return new Map(
    Object.entries(results).map(([name, { type, data, dims }]) => [
      name,
      { dtype: type as DataType, shape: dims, data: data as Float32Array },
    ]),
  );
}
