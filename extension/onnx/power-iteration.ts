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
  const makers = producers(graph);
  /** The value itself, behind changes of layout. */
  const origin = (value: string): string => {
    const maker = makers.get(value);
    return maker && layoutChanges.has(maker.opType) && !maker.detached ? origin(maker.inputs[0]!) : value;
  };
  const isVector = (value: string): boolean => {
    const source = origin(value);
    return isSingularVector(source, graph) || (makers.get(source)?.detached ?? false);
  };
  const improves = (node: Node): boolean => {
    if (!['Div', 'LpNormalization'].includes(node.opType)) return false;
    const product = makers.get(origin(node.inputs[0]!));
    return (product?.opType === 'MatMul' || product?.opType === 'Gemm') && product.inputs.some(isVector);
  };
  for (const node of graph.nodes) if (improves(node)) node.detached = true;
}
