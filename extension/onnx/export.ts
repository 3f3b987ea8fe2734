/** From a {@link Graph} to the bytes of an ONNX model, for ONNX Runtime or a file. */
import { create } from '@bufbuild/protobuf';
import type { Attribute, Graph, GraphPort, Node } from './graph';
import { emptyModel, serialize } from './model-file';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
  type ValueInfoProto,
} from './onnx_pb';
import { encodeTensor } from './tensor-proto';
import { dataTypeCodes } from './tensor';

/** Versions of the other operator sets that ONNX Runtime knows. */
const otherDomains: Readonly<Record<string, number>> = { 'ai.onnx.ml': 3 };

/**
 * A serialized model in the operator set of the graph.
 * @param untypedOutputs values that become outputs without a type, so that the runtime infers it
 * @throws InputError above protobuf's limit of 2 GiB
 */
export function exportGraph(graph: Graph, untypedOutputs: readonly string[] = []): Uint8Array {
  const model = emptyModel();
  model.irVersion = irVersion(graph.opset);
  model.opsetImport = [...domains(graph)].map((domain) =>
    create(OperatorSetIdProtoSchema, {
      domain,
      version: BigInt(domain === '' ? graph.opset : (otherDomains[domain] ?? 1)),
    }),
  );
  model.graph = toProto(graph);
  model.graph.output.push(...untypedOutputs.map((name) => create(ValueInfoProtoSchema, { name })));
  return serialize(model, graph.name);
}

/** The oldest version of the file format that an operator set may come in: older readers can read it. */
const irVersion = (opset: number): bigint => (opset <= 18 ? 8n : opset <= 20 ? 9n : 10n);

function domains(graph: Graph, found = new Set([''])): Set<string> {
  for (const node of graph.nodes) {
    found.add(node.domain);
    for (const attribute of Object.values(node.attributes))
      if (attribute.type === 'graph') domains(attribute.value, found);
  }
  return found;
}

function toProto(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name || 'graph',
    node: graph.nodes.map(nodeProto),
    initializer: Array.from(graph.initializers, ([name, tensor]) => encodeTensor(name, tensor)),
    input: graph.inputs.map(portProto),
    output: graph.outputs.map(portProto),
  });
}

function nodeProto({ name, opType, domain, inputs, outputs, attributes }: Node): NodeProto {
  return create(NodeProtoSchema, {
    name,
    opType,
    domain,
    input: inputs,
    output: outputs,
    attribute: Object.entries(attributes).map(([key, attribute]) => attributeProto(key, attribute)),
  });
}

function portProto({ name, dtype, shape }: GraphPort): ValueInfoProto {
  const dim = shape?.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof size === 'number' ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: size },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: dataTypeCodes[dtype],
    shape: dim && create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  const make = (type: AttributeType, value: Partial<AttributeProto>): AttributeProto =>
    create(AttributeProtoSchema, { name, type, ...value } as AttributeProto);
  switch (attribute.type) {
    case 'float':
      return make(AttributeType.FLOAT, { f: attribute.value });
    case 'int':
      return make(AttributeType.INT, { i: int64(attribute.value) });
    case 'string':
      return make(AttributeType.STRING, { s: bytes(attribute.value) });
    case 'tensor':
      return make(AttributeType.TENSOR, { t: encodeTensor('', attribute.value) });
    case 'graph':
      return make(AttributeType.GRAPH, { g: toProto(attribute.value) });
    case 'floats':
      return make(AttributeType.FLOATS, { floats: [...attribute.value] });
    case 'ints':
      return make(AttributeType.INTS, { ints: attribute.value.map(int64) });
    case 'strings':
      return make(AttributeType.STRINGS, { strings: attribute.value.map(bytes) });
  }
}

/** "To the end" is written as the largest int64, which a double rounds up to one that does not fit. */
function int64(value: number): bigint {
  const whole = BigInt(value);
  return whole > 2n ** 63n - 1n ? 2n ** 63n - 1n : whole;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
