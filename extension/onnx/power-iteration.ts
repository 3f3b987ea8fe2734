/**
 * Spectral normalization divides a weight by its largest singular value σ = uᵀWv, whose vectors one step of the power
 * iteration improves in each forward pass. PyTorch does that step without recording it, so u and v are constants to the
 * loss. An exported graph no longer says so.
 */
import { producers, type Graph, type Node } from './graph';

/** The vectors, by the names of `nn.utils.parametrizations.spectral_norm` and of the older `nn.utils.spectral_norm`. */
const isSingularVector = (name: string, graph: Graph): boolean =>
  /(?:^|\.)(?:_[uv]|weight_u)$/.test(name) ||
  (/(?:^|\.)weight_v$/.test(name) && graph.initializers.has(name.replace(/weight_v$/, 'weight_orig')));

const layoutChanges = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Transpose', 'Cast']);

/** Lets no gradient through the vectors that a power iteration has improved: W·v/‖W·v‖ and Wᵀ·u/‖Wᵀ·u‖. */
export function detachPowerIterations(graph: Graph): void {
  const { productOf } = tracer(graph);
  const improved = new Set<string>();
  for (const node of graph.nodes) {
    const isVector = (value: string): boolean => isSingularVector(value, graph) || improved.has(value);
    if (!productOf(node)?.some(isVector)) continue;
    node.detached = true;
    improved.add(node.outputs[0]!);
  }
}

/**
 * The vectors that the passes of a training start from, each with the value that takes its place afterwards: what the
 * last of its improvements gives.
 * @param graph specialised
 */
export function improvedVectors(graph: Graph): { name: string; value: string }[] {
  const { productOf } = tracer(graph);
  const vectors = [...graph.initializers.keys()].filter((name) => isSingularVector(name, graph));
  /** By value, the vector that it has come of. */
  const starts = new Map(vectors.map((name) => [name, name]));
  const last = new Map<string, string>();
  for (const node of graph.nodes) {
    if (!node.detached) continue;
    const start = productOf(node)?.flatMap((value) => starts.get(value) ?? [])[0];
    const output = node.outputs[0]!;
    if (start === undefined) continue;
    starts.set(output, start);
    const [before, after] = [graph.types.get(start), graph.types.get(output)];
    if (before && after && before.shape.join() === after.shape.join()) last.set(start, output);
  }
  return [...last].map(([name, value]) => ({ name, value }));
}

function tracer(graph: Graph) {
  const makers = producers(graph);
  /** The value itself, behind changes of layout. */
  const origin = (value: string): string => {
    const maker = makers.get(value);
    return maker && layoutChanges.has(maker.opType) && !maker.detached ? origin(maker.inputs[0]!) : value;
  };
  /** What the product is made of that a node normalizes. */
  const productOf = (node: Node): string[] | undefined => {
    if (!['Div', 'LpNormalization'].includes(node.opType)) return undefined;
    const product = makers.get(origin(node.inputs[0]!));
    return product?.opType === 'MatMul' || product?.opType === 'Gemm' ? product.inputs.map(origin) : undefined;
  };
  return { productOf };
}
