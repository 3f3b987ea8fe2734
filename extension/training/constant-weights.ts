/** Weights that all have one value: the units of such a layer compute the same, get the same gradient and stay alike. */
import type { Graph } from '../onnx/graph';
import { numbers } from '../onnx/tensor';
import type { LayerInfo } from '../protocol/run';

const multiplying: ReadonlySet<string> = new Set(['linear', 'conv', 'recurrent', 'attention']);

/**
 * The layers whose weight matrices are constant. One of zeros is often meant so (the last of a residual branch), and
 * counts only where at least half of the layers are constant.
 */
export function constantWeights(graph: Graph, layers: readonly { info: LayerInfo }[]): string[] {
  const weighted = layers.flatMap(({ info }) => {
    const values = info.parameters.flatMap((name) => constantOf(graph, name) ?? []);
    return multiplying.has(info.kind) && values.length > 0 ? [{ name: info.name, values }] : [];
  });
  const constant = weighted.filter(({ values }) => values.every((value) => value !== 'varied'));
  const many = constant.length * 2 >= weighted.length && constant.length > 1;
  return constant.filter(({ values }) => many || values.some((value) => value !== 0)).map(({ name }) => name);
}

/** The one value of a weight matrix or kernel, or that there are several; undefined for a vector. */
function constantOf({ initializers }: Graph, name: string): number | 'varied' | undefined {
  const tensor = initializers.get(name);
  if (!tensor || tensor.shape.length < 2 || tensor.shape[0]! < 2 || tensor.shape[1]! < 2) return undefined;
  const values = numbers(tensor);
  const [first] = values;
  return values.every((value) => value === first) ? first : 'varied';
}
