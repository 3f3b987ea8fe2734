import type { Finding, Severity } from '../protocol/finding';
import { activationColumn, parameterColumn, rowWidth, type Run } from '../protocol/run';

/** How a layer stands: the worst finding that names it, or none. */
export type Health = Severity | 'healthy';

const rank: Readonly<Record<Health, number>> = { error: 3, warning: 2, information: 1, healthy: 0 };

export const worse = (a: Health, b: Health): Health => (rank[a] >= rank[b] ? a : b);

export const worstOf = (healths: Iterable<Health>): Health => [...healths].reduce(worse, 'healthy');

/** The health of every layer that a finding names. */
export function healthByLayer(findings: readonly Finding[]): ReadonlyMap<string, Health> {
  const healths = new Map<string, Health>();
  for (const { layers, severity } of findings)
    for (const layer of layers) healths.set(layer, worse(severity, healths.get(layer) ?? 'healthy'));
  return healths;
}

/**
 * Of a layer at a step: ‖∂L/∂w‖ over all its parameters, or, where it has none, the RMS of ∂L/∂activation.
 * `undefined` before the first step.
 */
export function layerGradient({ header, steps, rows }: Run, layer: number, step = steps - 1): number | undefined {
  const { layout } = header;
  const info = layout.layers[layer];
  if (!info || step < 0 || step >= steps) return undefined;
  const row = step * rowWidth(layout);
  const names = new Set(info.parameters);
  const norms = layout.parameters.flatMap(({ name }, index) =>
    names.has(name) ? [rows[row + parameterColumn(layout, index, 'gradientNorm')]!] : [],
  );
  return norms.length > 0 ? Math.hypot(...norms) : rows[row + activationColumn(layer, 'gradientRms')];
}
