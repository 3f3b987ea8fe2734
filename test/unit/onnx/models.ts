/** Small ONNX models for tests, made as an exporter would make them. */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { parseModel, type ModelFile } from '../../../extension/onnx/model-file';
import type { GraphProtoSchema } from '../../../extension/onnx/onnx_pb';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  StringStringEntryProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type StringStringEntryProto,
  type TensorProto,
  type ValueInfoProto,
} from '../../../extension/onnx/onnx_pb';

export const port = (name: string, dims: readonly (number | string)[], elemType = 1): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType,
          shape: {
            dim: dims.map((size) => ({
              value:
                typeof size === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(size) }
                  : { case: 'dimParam' as const, value: size },
            })),
          },
        },
      },
    },
  });

export const weight = (name: string, dims: readonly number[], values?: readonly number[]): TensorProto =>
  create(TensorProtoSchema, {
    name,
    dataType: 1,
    dims: dims.map(BigInt),
    floatData: [...(values ?? Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + 1)))],
  });

export const node = (
  opType: string,
  input: readonly string[],
  output: readonly string[],
  init: MessageInitShape<typeof NodeProtoSchema> = {},
): NodeProto => create(NodeProtoSchema, { opType, input: [...input], output: [...output], ...init });

export const int = (name: string, value: number): AttributeProto =>
  create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });

export const metadata = (entries: Readonly<Record<string, string>>): StringStringEntryProto[] =>
  Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));

export const modelBytes = (
  graph: MessageInitShape<typeof GraphProtoSchema>,
  rest: MessageInitShape<typeof ModelProtoSchema> = {},
): Uint8Array =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 10n, opsetImport: [{ domain: '', version: 20n }], graph, ...rest } as never),
  );

export const modelOf = (...args: Parameters<typeof modelBytes>): ModelFile =>
  parseModel(modelBytes(...args), 'model.onnx');
