import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Graph } from '../../../extension/onnx/graph';
import { importGraph } from '../../../extension/onnx/import';
import { findLayers, type Layer } from '../../../extension/onnx/layers';
import { parseModel } from '../../../extension/onnx/model-file';
import { findParameters } from '../../../extension/onnx/parameters';
import { modelOf, node, port, weight } from './models';

type Weights = Record<string, number[]>;
type Nodes = ReturnType<typeof node>[];

/** A graph that takes `x` and gives `y`. */
function graphOf(weights: Weights, nodes: Nodes): Graph {
  const initializer = Object.entries(weights).map(([name, dims]) => weight(name, dims));
  return importGraph(modelOf({ input: [port('x', [2, 4])], output: [port('y', [2, 4])], initializer, node: nodes }));
}

function layersIn(graph: Graph): Layer[] {
  const trainable = findParameters(graph).filter((parameter) => parameter.trainable);
  return findLayers(
    graph,
    trainable.map(({ name }) => name),
  );
}

/** Name, operator, kind, output and parameters of each layer. */
const layersOf = (weights: Weights, nodes: Nodes): string[] =>
  layersIn(graphOf(weights, nodes)).map(({ info, output }) =>
    [info.name, info.op, info.kind, output, ...info.parameters].join(' '),
  );

const namesOfScoring = (graph: Graph): string[] =>
  layersIn(graph)
    .filter(({ info }) => info.scores)
    .map(({ info }) => info.name);

const scoring = (weights: Weights, nodes: Nodes): string[] => namesOfScoring(graphOf(weights, nodes));

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

  describe('what reaches the rest of the network through the shares of an attention alone', () => {
    const attention = (path: string, input: string, output: string) => [
      ...['q', 'k', 'v'].map((role) =>
        named(`${path}/${role}/MatMul`, [input, `${path.slice(1)}.${role}.weight`], `${path}${role}`),
      ),
      named(`${path}/Transpose`, [`${path}k`], `${path}kT`),
      named(`${path}/MatMul`, [`${path}q`, `${path}kT`], `${path}s`),
      named(`${path}/Div`, [`${path}s`, 'root'], `${path}t`),
      named(`${path}/Softmax`, [`${path}t`], `${path}p`),
      named(`${path}/Dropout`, [`${path}p`], `${path}d`),
      named(`${path}/MatMul_1`, [`${path}d`, `${path}v`], output),
    ];
    const weightsOf = (path: string) => ({
      [`${path}.q.weight`]: [4, 4],
      [`${path}.k.weight`]: [4, 4],
      [`${path}.v.weight`]: [4, 4],
    });

    it('are queries and keys, not values, nor what comes before them', () => {
      assert.deepEqual(
        scoring({ 'in.weight': [4, 4], ...weightsOf('a'), ...weightsOf('b'), root: [] }, [
          named('/in/MatMul', ['x', 'in.weight'], 'h'),
          ...attention('/a', 'h', 'i'),
          ...attention('/b', 'i', 'y'),
        ]),
        ['a.q', 'a.k', 'b.q', 'b.k'],
      );
    });

    for (const exporter of ['dynamo', 'torchscript'])
      it(`are queries and keys of a model by the exporter ${exporter}, turned and masked as they are`, async () => {
        const file = await readFile(`test/fixtures/parity/llama-${exporter}/model.onnx`);
        assert.deepEqual(namesOfScoring(importGraph(parseModel(file, 'model.onnx'))), ['wq', 'wk']);
      });

    it('are not the layers before a softmax that is the answer', () => {
      assert.deepEqual(
        scoring({ 'a.weight': [4, 4], 'b.weight': [4, 4] }, [
          named('/a/MatMul', ['x', 'a.weight'], 'h'),
          named('/b/MatMul', ['h', 'b.weight'], 'i'),
          named('/Softmax', ['i'], 'y'),
        ]),
        [],
      );
    });

    it('are both layers of additive attention', () => {
      assert.deepEqual(
        scoring({ 'w.weight': [4, 4], 'u.weight': [4, 4] }, [
          named('/w/MatMul', ['x', 'w.weight'], 'h'),
          named('/Tanh', ['h'], 'i'),
          named('/u/MatMul', ['i', 'u.weight'], 'j'),
          named('/Softmax', ['j'], 'k'),
          named('/Mul', ['k', 'x'], 'y'),
        ]),
        ['w', 'tanh', 'u'],
      );
    });
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
