/**
 * Models that are damaged or hostile: 240 by chance (the same ones every time), the rest one by one. Each is read, or
 * refused with one clear sentence; none hangs, takes all memory, or ends in any other error.
 */
import { create } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { exportGraph } from '../../../extension/onnx/export';
import { importGraph } from '../../../extension/onnx/import';
import { findLayers } from '../../../extension/onnx/layers';
import { parseModel } from '../../../extension/onnx/model-file';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  SparseTensorProtoSchema,
  TensorProto_DataLocation,
  TensorProto_SegmentSchema,
  TensorProtoSchema,
  TypeProto_SequenceSchema,
  ValueInfoProtoSchema,
  type GraphProto,
  type TensorProto,
} from '../../../extension/onnx/onnx_pb';
import { findParameters } from '../../../extension/onnx/parameters';
import { InputError } from '../../../extension/protocol/errors';
import { int, metadata, modelBytes, node, port, weight } from './models';

/** A small convolutional network with every kind of tensor storage, a constant and a subgraph. */
const network = (): GraphProto =>
  create(GraphProtoSchema, {
    name: 'network',
    input: [port('x', ['batch', 1, 6, 6])],
    output: [port('y', ['batch', 3])],
    initializer: [
      weight('conv.weight', [2, 1, 3, 3]),
      raw('conv.bias', 1, [2], new Uint8Array(8)),
      weight('fc.weight', [3, 2]),
      create(TensorProtoSchema, { name: 'shape', dataType: 7, dims: [2n], int64Data: [0n, 2n] }),
    ],
    node: [
      node('Conv', ['x', 'conv.weight', 'conv.bias'], ['c'], { name: '/conv/Conv', attribute: [int('group', 1)] }),
      node('Relu', ['c'], ['r'], { name: '/Relu' }),
      node('GlobalAveragePool', ['r'], ['p'], { name: '/pool/GlobalAveragePool' }),
      node('Reshape', ['p', 'shape'], ['f'], { name: '/Reshape' }),
      node('Gemm', ['f', 'fc.weight'], ['g'], { name: '/fc/Gemm', attribute: [int('transB', 1)] }),
      node('Identity', ['g'], ['y'], { name: '/Identity' }),
    ],
  });

const raw = (name: string, dataType: number, dims: number[], rawData: Uint8Array): TensorProto =>
  create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData });

/** Everything that is done with a model before the native runtime sees it. */
function read(bytes: Uint8Array): void {
  const graph = importGraph(parseModel(bytes, 'model.onnx'));
  const names = findParameters(graph).flatMap(({ name, trainable }) => (trainable ? [name] : []));
  findLayers(graph, names);
  exportGraph(graph);
}

/** The refusal of a model, or undefined where it is read. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    read(bytes);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof InputError, `not a refusal but ${String((error as Error).stack)}`);
    assert.match(error.message, /^model\.onnx: /);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
}

/** Pseudo-random numbers in [0, 1), the same ones every time (Numerical Recipes' generator). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

const damages: Record<string, (bytes: Uint8Array, random: () => number) => Uint8Array> = {
  'cut off': (bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  'with one bit flipped': (bytes, random) => {
    bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
    return bytes;
  },
  'with twenty bytes overwritten': (bytes, random) => {
    for (let i = 0; i < 20; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    return bytes;
  },
  'with a piece missing': (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + Math.floor(random() * 40))]);
  },
};

describe('a damaged model', () => {
  it('is made from one that is read', () => {
    assert.equal(refusal(modelBytes(network())), undefined);
  });

  for (const [name, damage] of Object.entries(damages))
    it(`${name} is read or refused`, () => {
      const random = randomFrom(name.length);
      const refused = Array.from({ length: 60 }, () => refusal(damage(modelBytes(network()), random)));
      assert.ok(refused.filter(Boolean).length >= 10, 'most damage shows');
    });

  const changed = (change: (graph: GraphProto) => void): Uint8Array => {
    const graph = network();
    change(graph);
    return modelBytes(graph);
  };
  const withTensor = (over: Partial<TensorProto>): Uint8Array =>
    changed(({ initializer }) => Object.assign(initializer[0]!, over));
  const external = (entries: Record<string, string>): Uint8Array =>
    withTensor({
      floatData: [],
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: metadata(entries),
    });
  /** Graphs in attributes of nodes, far deeper than any exporter goes. */
  const nested = (depth: number): GraphProto => {
    let graph = network();
    for (let i = 0; i < depth; i++) {
      const attribute = create(AttributeProtoSchema, {
        name: 'body',
        type: AttributeProto_AttributeType.GRAPH,
        g: graph,
      });
      graph = network();
      graph.node[5]!.attribute = [attribute];
    }
    return graph;
  };
  const opset = (...version: bigint[]): Uint8Array =>
    modelBytes(network(), { opsetImport: version.map((each) => ({ domain: '', version: each })) as never });

  const structural: [string, RegExp, () => Uint8Array][] = [
    ['an empty file', /empty/, () => new Uint8Array()],
    ['a text', /not an ONNX model/, () => new TextEncoder().encode('import torch\nprint("hello")\n')],
    ['a pickle of PyTorch', /not an ONNX model/, () => new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0])],
    ['zeros', /not an ONNX model/, () => new Uint8Array(64)],
    ['a model without a graph', /no graph/, () => modelBytes(undefined as never)],
    ['a model without a version', /no version/, () => modelBytes(network(), { irVersion: 0n })],
    ['no operator set', /which operator set/, () => opset()],
    ['operator set 0', /operator set 0 /, () => opset(0n)],
    ['operator set 6', /operator set 6 /, () => opset(6n)],
    ['operator set 99', /operator set 99 /, () => opset(99n)],
    ['a negative operator set', /operator set -1 /, () => opset(-1n)],
    ['a negative size', /impossible shape/, () => withTensor({ dims: [-2n, 9n] })],
    ['sizes beyond any memory', /impossible shape/, () => withTensor({ dims: [2n ** 40n, 2n ** 40n] })],
    [
      'sizes that multiply to zero by overflow',
      /impossible shape/,
      () => withTensor({ dims: Array(8).fill(2n ** 32n) }),
    ],
    ['a large tensor without its data', /holds 18/, () => withTensor({ dims: [2n ** 31n] })],
    ['too few elements', /needs 27 elements but holds 18/, () => withTensor({ dims: [3n, 1n, 3n, 3n] })],
    ['too many elements', /needs 9 elements but holds 18/, () => withTensor({ dims: [9n] })],
    ['raw data of another length', /needs 72 bytes but holds 70/, () => withTensor({ rawData: new Uint8Array(70) })],
    ['an unknown element type', /number 77/, () => withTensor({ dataType: 77 })],
    ['no element type', /UNDEFINED/, () => withTensor({ dataType: 0 })],
    ['complex numbers', /COMPLEX64/, () => withTensor({ dataType: 14 })],
    ['8-bit floats', /FLOAT8E4M3FN/, () => withTensor({ dataType: 17 })],
    ['a type that is not the data', /needs 18 elements but holds 0/, () => withTensor({ dataType: 7 })],
    ['strings in place of numbers', /strings/, () => withTensor({ dataType: 8 })],
    ['a tensor in segments', /segments/, () => withTensor({ segment: create(TensorProto_SegmentSchema, { end: 4n }) })],
    ['an unnamed tensor', /name ""/, () => withTensor({ name: '' })],
    ['two tensors of one name', /name "conv.bias"/, () => withTensor({ name: 'conv.bias' })],
    ['a missing tensor', /takes "conv.weight", which/, () => changed((graph) => graph.initializer.shift())],
    ['a missing node', /takes "c", which/, () => changed((graph) => graph.node.shift())],
    ['a missing input', /takes "x", which/, () => changed((graph) => (graph.input = []))],
    ['no output', /no output/, () => changed((graph) => (graph.output = []))],
    ['an output nobody makes', /made by no node/, () => changed((graph) => (graph.output = [port('z', [1])]))],
    ['an output listed twice', /listed twice/, () => changed((graph) => graph.output.push(port('y', [1])))],
    ['a node made twice', /"c" is made twice/, () => changed((graph) => graph.node.push(graph.node[0]!))],
    [
      'a node that makes its weight',
      /"fc.weight" is made twice/,
      () => changed((graph) => (graph.node[3]!.output = ['fc.weight'])),
    ],
    ['a node that makes the input', /"x" is made twice/, () => changed((graph) => (graph.node[3]!.output = ['x']))],
    ['a node that feeds itself', /cycle/, () => changed((graph) => (graph.node[1]!.input = ['r']))],
    ['a long cycle', /cycle/, () => changed((graph) => (graph.node[0]!.input[0] = 'g'))],
    ['a node without operator', /no operator/, () => changed((graph) => (graph.node[1]!.opType = ''))],
    ['a node without output', /no output/, () => changed((graph) => (graph.node[1]!.output = []))],
    ['a convolution in no groups', /group 0/, () => changed((graph) => (graph.node[0]!.attribute = [int('group', 0)]))],
    ['an unnamed input', /has no name/, () => changed((graph) => graph.input.push(port('', [1])))],
    ['two inputs of one name', /"x" is made twice/, () => changed((graph) => graph.input.push(port('x', [1])))],
    [
      'an input without a type',
      /no tensor/,
      () => changed((graph) => (graph.input[0] = create(ValueInfoProtoSchema, { name: 'x' }))),
    ],
    [
      'a sequence for input',
      /sequenceType/,
      () =>
        changed(
          (graph) => (graph.input[0]!.type!.value = { case: 'sequenceType', value: create(TypeProto_SequenceSchema) }),
        ),
    ],
    [
      'an input of an impossible size',
      /impossible size/,
      () => changed((graph) => (graph.input = [port('x', [2 ** 62])])),
    ],
    [
      'sparse weights',
      /sparse/,
      () => changed((graph) => (graph.sparseInitializer = [create(SparseTensorProtoSchema)])),
    ],
    [
      'an attribute of a function',
      /outside of one/,
      () => changed((graph) => (graph.node[0]!.attribute[0]!.refAttrName = 'g')),
    ],
    [
      'an attribute without its tensor',
      /attribute "group" is of type TENSOR/,
      () => changed((graph) => (graph.node[0]!.attribute[0]!.type = AttributeProto_AttributeType.TENSOR)),
    ],
    ['graphs nested without end', /not an ONNX model, or a damaged one/, () => modelBytes(nested(60))],
    ['data in an absolute path', /outside/, () => external({ location: '/etc/passwd' })],
    ['data above the folder', /outside/, () => external({ location: 'a/../../b' })],
    ['data in a path of Windows', /outside/, () => external({ location: 'C:\\Windows\\win.ini' })],
    ['data nowhere', /names no file/, () => external({})],
    ['data in a path with a null', /names no file/, () => external({ location: 'w\0.bin' })],
    ['data that is not there', /missing/, () => external({ location: 'w.bin' })],
    ['data at no offset', /no valid offset/, () => external({ location: 'w.bin', offset: 'NaN' })],
    ['data at a negative offset', /no valid offset/, () => external({ location: 'w.bin', offset: '-1' })],
    ['data of another length', /but its shape needs 72/, () => external({ location: 'w.bin', length: '1e12' })],
    [
      'data larger than memory',
      /larger than 2 GiB/,
      () => withTensor({ dims: [2n ** 32n], floatData: [], dataLocation: TensorProto_DataLocation.EXTERNAL }),
    ],
  ];
  for (const [name, message, make] of structural)
    it(`${name} is refused, saying so`, () => {
      assert.match(refusal(make()) ?? 'it is read', message);
    });

  it('whose nodes are only out of order is read', () => {
    assert.equal(refusal(changed((graph) => graph.node.reverse())), undefined);
  });
});
