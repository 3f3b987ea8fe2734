import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { float, GraphBuilder } from '../../../extension/onnx/builder';
import { exportGraph } from '../../../extension/onnx/export';
import { emptyGraph } from '../../../extension/onnx/graph';
import { importGraph } from '../../../extension/onnx/import';
import { parseModel } from '../../../extension/onnx/model-file';
import { tensor } from '../../../extension/onnx/tensor';

describe('exportGraph', () => {
  it('makes a model that ONNX Runtime runs', async () => {
    const g = new GraphBuilder(emptyGraph('test'));
    const x = g.input('x', 'float32', [2, 2]);
    const w = g.initializer('w', tensor('float32', [2, 2], [1, 2, 3, 4]));
    g.output(g.unary('LeakyRelu', g.gemm(x, w, { transB: true }), { alpha: float(0.5) }));
    const session = await InferenceSession.create(exportGraph(g.graph));
    const { 'LeakyRelu:0': y } = await session.run({ x: new Tensor('float32', [1, 0, 0, -1], [2, 2]) });
    assert.deepEqual([...(y!.data as Float32Array)], [1, 3, -1, -2]);
  });

  it('is read back as it was', () => {
    const g = new GraphBuilder(emptyGraph('test'));
    const x = g.input('x', 'float32', [2, 3]);
    g.output(g.transpose(g.slice(g.reshape(x, [3, 2]), 0, 0, 2), [1, 0]));
    const again = importGraph(parseModel(exportGraph(g.graph), 'model.onnx'));
    assert.deepEqual(
      again.nodes,
      g.graph.nodes.map((node) => ({ ...node, layer: '', source: undefined })),
    );
    assert.deepEqual(again.initializers, g.graph.initializers);
    assert.deepEqual(again.inputs, g.graph.inputs);
    assert.deepEqual(again.outputs, g.graph.outputs);
  });

  it('writes subgraphs', async () => {
    const g = new GraphBuilder(emptyGraph('test'));
    const x = g.input('x', 'float32', [2]);
    const branch = (opType: string) => {
      const body = new GraphBuilder(emptyGraph('body'), g);
      body.output(body.unary(opType, x));
      return body.graph;
    };
    const condition = g.less(g.sum(x), 0);
    g.output(g.op('If', [condition], { then_branch: branch('Neg'), else_branch: branch('Sqrt') }, x));
    const session = await InferenceSession.create(exportGraph(g.graph));
    const { 'If:0': y } = await session.run({ x: new Tensor('float32', [-4, 1], [2]) });
    assert.deepEqual([...(y!.data as Float32Array)], [4, -1]);
    const again = importGraph(parseModel(exportGraph(g.graph), 'model.onnx'));
    assert.equal(again.nodes.find(({ opType }) => opType === 'If')?.attributes.then_branch?.type, 'graph');
  });

  it('leaves the types of outputs to the runtime when asked', async () => {
    const g = new GraphBuilder(emptyGraph('test'));
    const h = g.exp(g.input('x', 'float32', [2, 5]));
    g.output(g.neg(h));
    const session = await InferenceSession.create(exportGraph(g.graph, [h.name]));
    const found = session.outputMetadata.find(({ name }) => name === h.name);
    assert.deepEqual(found?.isTensor && found.shape, [2, 5]);
  });
});
