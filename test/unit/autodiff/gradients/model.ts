/** A graph as the bytes of a model, and a run of it on the CPU. */
import { create, toBinary } from '@bufbuild/protobuf';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { ModelProtoSchema } from '../../../../extension/onnx/onnx_pb';
import type { Attribute, Graph } from '../../../../extension/onnx/graph';
import { dataTypeCodes, type DataType, type Tensor, type TensorData } from '../../../../extension/onnx/tensor';

const text = new TextEncoder();

function attributeProto(name: string, { type, value }: Attribute) {
  switch (type) {
    case 'float':
      return { name, type: 1, f: value };
    case 'int':
      return { name, type: 2, i: BigInt(value) };
    case 'string':
      return { name, type: 3, s: text.encode(value) };
    case 'floats':
      return { name, type: 6, floats: [...value] };
    case 'ints':
      return { name, type: 7, ints: value.map(BigInt) };
    case 'strings':
      return { name, type: 8, strings: value.map((item) => text.encode(item)) };
    default:
      throw new Error(`Attributes of type ${type} are not written here.`);
  }
}

function tensorProto(name: string, { dtype, shape, data }: Tensor) {
  const view = data as Exclude<TensorData, string[]>;
  return {
    name,
    dataType: dataTypeCodes[dtype],
    dims: shape.map(BigInt),
    rawData: new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
  };
}

/** `shape` is left out where the runtime is to find it. */
function portProto(name: string, dtype?: DataType, shape?: readonly (number | string)[]) {
  const dim = shape?.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } }));
  const value = { elemType: dtype ? dataTypeCodes[dtype] : 0, ...(dim ? { shape: { dim } } : {}) };
  return dtype ? { name, type: { value: { case: 'tensorType' as const, value } } } : { name };
}

export function serialize(graph: Graph, outputs: readonly string[]): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: BigInt(graph.opset) }],
    graph: {
      name: graph.name,
      node: graph.nodes.map((node) => ({
        name: node.name,
        opType: node.opType,
        domain: node.domain,
        input: node.inputs,
        output: node.outputs,
        attribute: Object.entries(node.attributes).map(([name, value]) => attributeProto(name, value)),
      })),
      initializer: [...graph.initializers].map(([name, value]) => tensorProto(name, value)),
      input: graph.inputs.map(({ name, dtype, shape }) => portProto(name, dtype, shape)),
      output: outputs.map((name) => portProto(name)),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

export const openSession = (graph: Graph, outputs: readonly string[]): Promise<InferenceSession> =>
  InferenceSession.create(serialize(graph, outputs), {
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
