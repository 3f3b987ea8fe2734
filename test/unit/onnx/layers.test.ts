import assert from 'node:assert/strict';
import { importGraph } from '../../../extension/onnx/import';
import { findLayers } from '../../../extension/onnx/layers';
import { findParameters } from '../../../extension/onnx/parameters';
import { modelOf, node, port, weight } from './models';

/** Name, operator, kind, output and parameters of each layer of a graph that takes `x` and gives `y`. */
function layersOf(weights: Record<string, number[]>, nodes: ReturnType<typeof node>[]): string[] {
  const initializer = Object.entries(weights).map(([name, dims]) => weight(name, dims));
  const graph = importGraph(
    modelOf({ input: [port('x', [2, 4])], output: [port('y', [2, 4])], initializer, node: nodes }),
  );
  const trainable = findParameters(graph).filter((parameter) => parameter.trainable);
  return findLayers(
    graph,
    trainable.map(({ name }) => name),
  ).map(({ info, output }) => [info.name, info.op, info.kind, output, ...info.parameters].join(' '));
}

const named = (name: string, inputs: string[], output: string) =>
  node(name.split('/').at(-1)!.replace(/_\d+$/, ''), inputs, [output], { name });

describe('findLayers', () => {
  it('takes leaf modules as layers, the bias of a product with it', () => {
    assert.deepEqual(
      layersOf({ 'net.0.weight': [4, 4], 'net.0.bias': [4] }, [
        named('/net/net.0/MatMul', ['x', 'net.0.weight'], 'h'),
        named('/net/net.0/Add', ['h', 'net.0.bias'], 'i'),
        named('/net/net.1/Relu', ['i'], 'j'),
        named('/net/net.2/Flatten', ['j'], 'y'),
      ]),
      ['net.0 MatMul linear i net.0.weight net.0.bias', 'net.1 Relu activation j'],
    );
  });

  it('knows an embedding of positions, which does not depend on the input', () => {
    assert.deepEqual(
      layersOf({ 'pos.weight': [6, 4], indices: [2] }, [
        named('/pos/Gather', ['pos.weight', 'indices'], 'p'),
        named('/Add', ['x', 'p'], 'y'),
      ]),
      ['pos Gather embedding y pos.weight'],
    );
  });

  it('makes functions called in forward layers of their own, numbered', () => {
    assert.deepEqual(
      layersOf({ 'a.weight': [4, 4], 'block.b.weight': [4, 4] }, [
        named('/a/Gemm', ['x', 'a.weight'], 'h'),
        named('/Relu', ['h'], 'i'),
        named('/block/b/Gemm', ['i', 'block.b.weight'], 'j'),
        named('/block/Relu', ['j'], 'k'),
        named('/Add', ['k', 'h'], 'l'),
        named('/Relu_1', ['l'], 'y'),
      ]),
      [
        'a Gemm linear h a.weight',
        'relu Relu activation i',
        'block.b Gemm linear j block.b.weight',
        'block.relu Relu activation k',
        'relu_1 Relu activation y',
      ],
    );
  });

  it('counts an activation module once per call, a module with parameters once', () => {
    const scope = (path: string) => ({
      metadataProps: [
        {
          $typeName: 'onnx.StringStringEntryProto' as const,
          key: 'pkg.torch.onnx.name_scopes',
          value: `['', '${path}', 'op']`,
        },
      ],
    });
    assert.deepEqual(
      layersOf({ 'fc.weight': [4, 4] }, [
        node('Gemm', ['x', 'fc.weight'], ['h'], scope('fc')),
        node('Tanh', ['h'], ['i'], scope('act')),
        node('Gemm', ['i', 'fc.weight'], ['j'], scope('fc')),
        node('Tanh', ['j'], ['y'], scope('act')),
      ]),
      ['act Tanh activation i', 'fc Gemm linear j fc.weight', 'act_1 Tanh activation y'],
    );
  });

  it('sees one activation where the exporter writes several nodes', () => {
    assert.deepEqual(
      layersOf({ half: [], one: [], root2: [] }, [
        named('/Sigmoid', ['x'], 's'),
        named('/Mul', ['x', 's'], 'silu'),
        named('/Softplus', ['silu'], 'p'),
        named('/Tanh', ['p'], 't'),
        named('/Mul_1', ['silu', 't'], 'mish'),
        named('/Div', ['mish', 'root2'], 'd'),
        named('/Erf', ['d'], 'e'),
        named('/Add', ['e', 'one'], 'f'),
        named('/Mul_2', ['mish', 'f'], 'g'),
        named('/Mul_3', ['g', 'half'], 'y'),
      ]),
      ['silu Swish activation silu', 'mish Mish activation mish', 'gelu Gelu activation y'],
    );
  });

  it('keeps a gate and what it gates apart', () => {
    assert.deepEqual(
      layersOf({}, [named('/Sigmoid', ['x'], 's'), named('/Tanh', ['x'], 't'), named('/Mul', ['s', 't'], 'y')]),
      ['sigmoid Sigmoid activation s', 'tanh Tanh activation t'],
    );
  });

  it('sees attention, as a module and as a function', () => {
    assert.deepEqual(
      layersOf({ 'attn.in_proj_weight': [4, 4], 'q.weight': [4, 4] }, [
        named('/attn/MatMul', ['x', 'attn.in_proj_weight'], 'p'),
        named('/attn/MatMul_1', ['p', 'p'], 'scores'),
        named('/attn/Softmax', ['scores'], 'share'),
        named('/attn/MatMul_2', ['share', 'p'], 'a'),
        named('/q/MatMul', ['a', 'q.weight'], 'q'),
        named('/MatMul', ['q', 'a'], 'scores2'),
        named('/Softmax', ['scores2'], 'share2'),
        named('/MatMul_1', ['share2', 'a'], 'y'),
      ]),
      [
        'attn Attention attention a attn.in_proj_weight',
        'q MatMul linear q q.weight',
        'attention Attention attention y',
      ],
    );
  });

  it('falls back to one layer per weight of a plain model', () => {
    assert.deepEqual(
      layersOf({ W1: [4, 4], b1: [4], val_2: [4, 4] }, [
        node('MatMul', ['x', 'W1'], ['h']),
        node('Add', ['h', 'b1'], ['i']),
        node('Sigmoid', ['i'], ['j']),
        node('Gemm', ['j', 'val_2'], ['y'], { name: 'last' }),
      ]),
      ['W1 MatMul linear i W1 b1', 'sigmoid Sigmoid activation j', 'last Gemm linear y val_2'],
    );
  });
});
