import { create } from '@bufbuild/protobuf';
import assert from 'node:assert/strict';
import { importGraph } from '../../../extension/onnx/import';
import { TensorProtoSchema } from '../../../extension/onnx/onnx_pb';
import { InputError } from '../../../extension/protocol/errors';
import { metadata, modelOf, node, port, weight } from './models';

const linear = (over: Parameters<typeof modelOf>[0] = {}): Parameters<typeof modelOf>[0] => ({
  input: [port('x', ['batch', 3])],
  output: [port('y', ['batch', 2])],
  initializer: [weight('fc.weight', [2, 3]), weight('fc.bias', [2])],
  node: [node('Gemm', ['x', 'fc.weight', 'fc.bias'], ['y'])],
  ...over,
});

describe('importGraph', () => {
  it('reads ports, weights and nodes', () => {
    const graph = importGraph(modelOf(linear()));
    assert.equal(graph.opset, 20);
    assert.deepEqual(graph.inputs, [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }]);
    assert.deepEqual(graph.types.get('fc.weight'), { dtype: 'float32', shape: [2, 3] });
    assert.deepEqual(graph.nodes[0]?.inputs, ['x', 'fc.weight', 'fc.bias']);
    assert.ok(graph.nodes[0].name);
  });

  it('reads every way of storing elements', () => {
    const stored = {
      half: { dataType: 10, int32Data: [0x3c00, 0xbc00] },
      brain: { dataType: 16, rawData: new Uint8Array([0x80, 0x3f, 0x80, 0xbf]) },
      flags: { dataType: 9, int32Data: [1, 0] },
      bytes: { dataType: 3, int32Data: [-1, 127] },
      longs: { dataType: 7, int64Data: [-1n, 2n ** 40n] },
      words: { dataType: 12, uint64Data: [1n, 4294967295n] },
      doubles: { dataType: 11, doubleData: [0.1, -0.1] },
      texts: { dataType: 8, stringData: [new Uint8Array([104, 105]), new Uint8Array([])] },
    };
    const initializer = Object.entries(stored).map(([name, data]) =>
      create(TensorProtoSchema, { name, dims: [2n], ...data }),
    );
    const { initializers } = importGraph(modelOf(linear({ initializer: [...linear().initializer!, ...initializer] })));
    const read = Object.fromEntries(
      Object.keys(stored).map((name) => [name, Array.from<unknown>(initializers.get(name)!.data)]),
    );
    assert.deepEqual(read, {
      half: [0x3c00, 0xbc00],
      brain: [0x3f80, 0xbf80],
      flags: [1, 0],
      bytes: [-1, 127],
      longs: [-1n, 2n ** 40n],
      words: [1, 4294967295],
      doubles: [0.1, -0.1],
      texts: ['hi', ''],
    });
  });

  it('takes layer and source line from the metadata of torch.export', () => {
    const metadataProps = metadata({
      namespace:
        ': __main__.Net/body: torch.nn.modules.container.Sequential/body.0: torch.nn.modules.linear.Linear/linear: aten.linear.default',
      'pkg.torch.onnx.name_scopes': "['', 'body', 'body.0', 'linear']",
      'pkg.torch.onnx.stack_trace':
        'File "/home/me/net.py", line 12, in forward\n    return self.body(x)\n  File "/usr/lib/python3/site-packages/torch/nn/modules/container.py", line 253, in forward',
    });
    const graph = importGraph(
      modelOf(linear({ node: [node('Gemm', ['x', 'fc.weight', 'fc.bias'], ['y'], { metadataProps })] })),
    );
    assert.equal(graph.nodes[0]?.layer, 'body.0');
    assert.deepEqual(graph.nodes[0].source, { file: '/home/me/net.py', line: 12 });
  });

  it('takes the layer from the names that TorchScript gives', () => {
    const names: Record<string, string> = {
      '/layers/layers.0/Relu': 'layers.0',
      '/encoder/layers.0/self_attn/Relu': 'encoder.layers.0.self_attn',
      '/blocks.0.0/body/body.0/body.0.1/Relu': 'blocks.0.0.body.0.1',
      '/Relu': '',
      Relu_7: '',
    };
    for (const [name, layer] of Object.entries(names)) {
      const graph = importGraph(modelOf(linear({ node: [node('Relu', ['x'], ['y'], { name })] })));
      assert.equal(graph.nodes[0]?.layer, layer, name);
    }
  });

  it('lets the weights decide where such a name leaves a doubt', () => {
    const cases: [string, string, string][] = [
      ['/layers/layers.0/Gemm', 'layers.layers.0', 'layers.layers.0'],
      ['/a/Gemm', 'heads.a', 'heads.a'],
      ['/shared_1/Gemm', 'shared', 'shared'],
      ['/head/Gemm', 'embedding', 'head'],
    ];
    for (const [name, owner, layer] of cases) {
      const graph = importGraph(
        modelOf(
          linear({
            initializer: [weight(`${owner}.weight`, [2, 3])],
            node: [node('Gemm', ['x', `${owner}.weight`], ['y'], { name })],
          }),
        ),
      );
      assert.equal(graph.nodes[0]?.layer, layer, name);
    }
  });

  it('takes the layer from the names of weights when there is nothing else', () => {
    assert.equal(importGraph(modelOf(linear())).nodes[0]?.layer, 'fc');
  });

  it('knows which weights torch.export marks as trained', () => {
    const marked = port('fc.weight', [2, 3]);
    const buffer = port('fc.bias', [2]);
    const kind = 'pkg.torch.export.graph_signature.InputSpec.kind';
    marked.metadataProps = [{ $typeName: 'onnx.StringStringEntryProto', key: kind, value: 'PARAMETER' }];
    buffer.metadataProps = [{ $typeName: 'onnx.StringStringEntryProto', key: kind, value: 'BUFFER' }];
    const { marks } = importGraph(modelOf(linear({ valueInfo: [marked, buffer] })));
    assert.deepEqual(
      [...marks],
      [
        ['fc.weight', 'parameter'],
        ['fc.bias', 'buffer'],
      ],
    );
  });

  it('takes inputs that have an initializer for weights', () => {
    const graph = importGraph(modelOf(linear({ input: [port('x', [4, 3]), port('fc.weight', [2, 3])] })));
    assert.deepEqual(
      graph.inputs.map(({ name }) => name),
      ['x'],
    );
  });

  it('brings nodes into topological order', () => {
    const nodes = [node('Relu', ['h'], ['y']), node('Gemm', ['x', 'fc.weight', 'fc.bias'], ['h'])];
    const graph = importGraph(modelOf(linear({ node: nodes })));
    assert.deepEqual(
      graph.nodes.map(({ opType }) => opType),
      ['Gemm', 'Relu'],
    );
  });

  it('refuses a graph that does not hold together, naming the place', () => {
    const relu = (input: string, output: string) => node('Relu', [input], [output], { name: 'act' });
    const broken: [RegExp, ReturnType<typeof linear>][] = [
      [/"act" takes "h", which nothing/, linear({ node: [relu('h', 'y')] })],
      [/cycle through Relu "act"/, linear({ node: [relu('b', 'a'), relu('a', 'b'), relu('x', 'y')] })],
      [/"y" is made twice/, linear({ node: [relu('x', 'y'), relu('x', 'y')] })],
      [/output "y" of the graph is made by no node/, linear({ node: [relu('x', 'z')] })],
      [/has no output/, linear({ output: [] })],
    ];
    for (const [message, graph] of broken)
      assert.throws(
        () => importGraph(modelOf(graph)),
        (error) => error instanceof InputError && message.test(error.message),
      );
  });
});
