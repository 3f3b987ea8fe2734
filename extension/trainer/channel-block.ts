/** Whether this machine has the convolutions of blocked-channels.ts, and how long its blocks are. */
import { blocked } from '../autodiff/blocked-channels';
import { differentiate } from '../autodiff/differentiate';
import { providerForm, type ProviderForm } from '../autodiff/provider-form';
import { GraphBuilder, type Value } from '../onnx/builder';
import { exportGraph } from '../onnx/export';
import { emptyGraph } from '../onnx/graph';
import type { Runtime } from '../onnx/runtime';
import { numbers, sizeOf, tensor, type Shape, type Tensor } from '../onnx/tensor';

/** What a graph looks like on an execution provider of this machine. */
export const formOf = async (provider: string, runtime: Runtime): Promise<ProviderForm> =>
  providerForm(provider, provider === 'cpu' ? await channelBlock(runtime) : undefined);

let known: Promise<number | undefined> | undefined;

/** @returns undefined where there are none, or none that give what the usual ones give */
export const channelBlock = (runtime: Runtime): Promise<number | undefined> => (known ??= probe(runtime));

async function probe(runtime: Runtime): Promise<number | undefined> {
  try {
    const block = await blockLength(runtime);
    if (block <= 1) return undefined;
    const usual = await trial(runtime, providerForm('cpu'), block);
    const own = await trial(runtime, providerForm('cpu', block), block);
    return usual.every((value, i) => Math.abs(value - own[i]!) <= tolerance * Math.max(1, Math.abs(value)))
      ? block
      : undefined;
  } catch {
    // Such operators are registered on processors that they are written for.
    return undefined;
  }
}

const tolerance = 1e-3;

/** The operator that brings channels into blocks fills up the last one. */
async function blockLength(runtime: Runtime): Promise<number> {
  const g = new GraphBuilder(emptyGraph('block'));
  const shape = [1, 4, 1, 1];
  const y = blocked(g, g.input('x', 'float32', shape));
  const results = await runtime.run(
    exportGraph(g.graph, [y.name]),
    new Map([['x', tensor('float32', shape, [1, 2, 3, 4])]]),
  );
  return results.get(y.name)!.shape[1]!;
}

/** Two layers and all their gradients, end to end. */
async function trial(runtime: Runtime, { rules, finish }: ProviderForm, block: number): Promise<number[]> {
  const g = new GraphBuilder(emptyGraph('trial'));
  const channels = 2 * block;
  const feeds = new Map<string, Tensor>();
  const input = (name: string, shape: Shape): Value => {
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + feeds.size) / Math.sqrt(shape[1]!));
    feeds.set(name, tensor('float32', shape, values));
    return g.input(name, 'float32', shape);
  };
  const convolve = (x: Value, w: Value): Value => {
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    return g.op('Conv', [x, w], attributes, { dtype: 'float32', shape: [2, channels, 12, 13] });
  };
  const first = convolve(input('x', [2, 3, 12, 13]), input('w', [channels, 3, 3, 3]));
  const second = convolve(first, input('v', [channels, channels, 3, 3]));
  const gradients = differentiate(g, new Map([[second.name, input('dy', second.shape)]]), ['w', 'v'], rules);
  const told = [second, gradients.of('w')!, gradients.of('v')!];
  const all = g.concat(
    told.map((value) => g.reshape(value, [sizeOf(value.shape)])),
    0,
  );
  g.output(all);
  finish?.(g);
  return numbers((await runtime.run(exportGraph(g.graph), feeds)).get(all.name)!);
}
