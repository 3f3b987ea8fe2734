/**
 * How the time to build a training graph grows with the model: residual networks of 2,000 to 20,000 nodes, from the file
 * to the graph. `node out/test/bench/graph-building.js [NODES…]`. CPU time, which other processes disturb little.
 */
import { canonicalise } from '../../extension/autodiff/canonicalise';
import { specialise } from '../../extension/autodiff/specialise';
import { GraphBuilder } from '../../extension/onnx/builder';
import { exportGraph } from '../../extension/onnx/export';
import { emptyGraph } from '../../extension/onnx/graph';
import { importGraph } from '../../extension/onnx/import';
import { findLayers } from '../../extension/onnx/layers';
import { parseModel } from '../../extension/onnx/model-file';
import { findParameters } from '../../extension/onnx/parameters';
import { sizeOf, tensor, type TensorType } from '../../extension/onnx/tensor';
import { defaultOptimizer } from '../../extension/protocol/experiment';
import { createRuntime } from '../../extension/trainer/runtime';
import { buildTrainingGraph } from '../../extension/training/training-graph';

const nodesPerBlock = 5;
const type: TensorType = { dtype: 'float32', shape: [4, 8] };

const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** x + tanh(W·x + b), again and again, as an exporter writes it. */
function network(blocks: number): Uint8Array {
  const g = new GraphBuilder(emptyGraph('network'));
  const weight = (name: string, ...shape: number[]) => {
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => 0.3 * Math.sin(i));
    return g.initializer(name, tensor('float32', shape, values));
  };
  let x = g.input('x', type.dtype, type.shape);
  for (let block = 0; block < blocks; block++) {
    const layer = `layers.${block}`;
    const [w, b] = [weight(`${layer}.weight`, 8, 8), weight(`${layer}.bias`, 8)];
    x = g.at({ layer }, () => g.add(x, g.unary('Tanh', g.add(g.matmul(x, g.transpose(w, [1, 0])), b))));
  }
  g.output(x);
  return exportGraph(g.graph);
}

async function build(bytes: Uint8Array): Promise<number> {
  const imported = importGraph(parseModel(bytes, 'network'));
  const names = findParameters(imported).flatMap(({ name, trainable }) => (trainable ? [name] : []));
  const forward = canonicalise(await specialise(imported, new Map(), createRuntime(), { keep: new Set(names) }));
  const { graph } = buildTrainingGraph({
    forward,
    layers: findLayers(imported, names),
    parameters: names.map((name) => {
      const { shape } = forward.initializers.get(name)!;
      return { name, shape, size: sizeOf(shape), trainable: true };
    }),
    loss: 'mse',
    output: forward.outputs[0]!.name,
    target: type,
    optimizer: defaultOptimizer('adam'),
  });
  return exportGraph(graph).length;
}

async function main(): Promise<void> {
  const stated = process.argv.slice(2).map(Number);
  await build(network(20));
  for (const nodes of stated.length > 0 ? stated : [2000, 5000, 10_000, 20_000]) {
    const bytes = network(nodes / nodesPerBlock);
    const begin = cpuTime();
    const size = await build(bytes);
    const time = cpuTime() - begin;
    console.log(
      `${nodes} nodes: ${time.toFixed(0)} ms, ${((1000 * time) / nodes).toFixed(0)} µs a node, ${size} bytes`,
    );
  }
}

void main();
