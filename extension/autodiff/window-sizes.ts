/** Windows whose number the runtime's type inference gets wrong: put in a form that it gets right. */
import { attribute, type Attribute, type Graph, type Node } from '../onnx/graph';
import type { Shape } from '../onnx/tensor';
import { UnsupportedError } from './rule';

/**
 * Replaces such nodes in place.
 * @returns whether anything changed; types have to be inferred again then
 */
export function spellOutWindows(graph: Graph): boolean {
  let changed = false;
  graph.nodes = graph.nodes.map((node) => {
    const shape = node.domain === '' ? graph.types.get(node.inputs[0] ?? '')?.shape : undefined;
    if (!shape) return node;
    const other = pools.has(node.opType)
      ? graph.opset < 22 && roundedDown(node, shape.slice(2))
      : node.opType === 'ConvTranspose' && withPads(node, shape, graph);
    if (other) changed = true;
    return other || node;
  });
  return changed;
}

const pools = new Set(['MaxPool', 'AveragePool', 'LpPool']);

/**
 * A pool that rounds the number of its windows up, as one that rounds down. Before opset 22 the inference counts a last
 * window that would begin beyond the image; the kernels leave it out, as PyTorch does.
 */
function roundedDown(node: Node, image: Shape): Node | undefined {
  const kernel = attribute(node, 'kernel_shape', 'ints');
  const padding = attribute(node, 'auto_pad', 'string') ?? 'NOTSET';
  if (!kernel || attribute(node, 'ceil_mode', 'int') !== 1) return undefined;
  // Padding to the same size decides the number of windows alone.
  if (padding.startsWith('SAME')) return changed(node, {}, ['ceil_mode']);
  const ones = kernel.map(() => 1);
  const strides = attribute(node, 'strides', 'ints') ?? ones;
  const dilations = attribute(node, 'dilations', 'ints') ?? ones;
  const zeros = [...kernel, ...kernel].fill(0);
  const pads = padding === 'VALID' ? zeros : (attribute(node, 'pads', 'ints') ?? zeros);
  const axes = kernel.map((length, i) => {
    const [stride, extent] = [strides[i]!, (length - 1) * dilations[i]! + 1];
    const [before, stated] = [pads[i]!, pads[i + kernel.length]!];
    const last = Math.ceil((image[i]! + before + stated - extent) / stride);
    const isBeyond = last * stride >= image[i]! + before;
    const covered = (isBeyond ? last - 1 : last) * stride + extent;
    return { isBeyond, before, stated, after: Math.max(stated, covered - image[i]! - before) };
  });
  if (!axes.some(({ isBeyond }) => isBeyond)) return undefined;
  if (attribute(node, 'count_include_pad', 'int') === 1 && axes.some(({ after, stated }) => after > stated))
    throw new UnsupportedError(
      node,
      'averages over padding, with a last window that ends beyond it, are not supported together with one that begins there.',
    );
  return changed(node, { pads: [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)] }, [
    'ceil_mode',
    'auto_pad',
  ]);
}

/** A transposed convolution to a stated size, of which the inference may forget dimensions. */
function withPads(node: Node, [, , ...image]: Shape, graph: Graph): Node | undefined {
  const size = attribute(node, 'output_shape', 'ints');
  const kernel = graph.types.get(node.inputs[1]!)?.shape.slice(2);
  if (!size || !kernel) return undefined;
  const ones = kernel.map(() => 1);
  const strides = attribute(node, 'strides', 'ints') ?? ones;
  const dilations = attribute(node, 'dilations', 'ints') ?? ones;
  const extra = attribute(node, 'output_padding', 'ints') ?? kernel.map(() => 0);
  const isUpper = attribute(node, 'auto_pad', 'string') === 'SAME_UPPER';
  const totals = image.map((length, i) => {
    const covered = (length - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 + extra[i]!;
    return covered - size.at(i - image.length)!;
  });
  // What the windows do not cover at the end is padding of the output, which is shorter than a stride.
  const uncovered = totals.map((total, i) => Math.max(0, -total) + extra[i]!);
  if (totals.some((total, i) => total < 0 && uncovered[i]! >= strides[i]!))
    throw new UnsupportedError(node, 'an output larger than its windows cover is not supported.');
  const cut = totals.map((total) => Math.max(0, total));
  const before = cut.map((total) => (isUpper ? Math.floor(total / 2) : Math.ceil(total / 2)));
  const pads = [...before, ...cut.map((total, i) => total - before[i]!)];
  return changed(node, { pads, output_padding: uncovered }, ['output_shape', 'auto_pad', 'output_padding']);
}

function changed(node: Node, lists: Readonly<Record<string, number[]>>, without: readonly string[]): Node {
  const kept = Object.entries(node.attributes).filter(([name]) => !without.includes(name));
  const added = Object.entries(lists).map(([name, value]): [string, Attribute] => [name, { type: 'ints', value }]);
  return { ...node, attributes: Object.fromEntries([...kept, ...added]) };
}
