import type { Finding, Severity } from '../protocol/finding';
import type { Telemetry } from '../protocol/telemetry';

/** How a layer stands: the worst finding that names it, or none. */
export type Health = Severity | 'healthy';

const rank: Readonly<Record<Health, number>> = { error: 3, warning: 2, information: 1, healthy: 0 };

export const worse = (a: Health, b: Health): Health => (rank[a] >= rank[b] ? a : b);

export const worstOf = (healths: Iterable<Health>): Health => [...healths].reduce(worse, 'healthy');

/** Nothing is known of a layer without parameters that no finding names: it is a place to look from, not a patient. */
export type Mark = Health | 'unmarked';

export const markOf = (health: Health, hasParameters: boolean): Mark =>
  health === 'healthy' && !hasParameters ? 'unmarked' : health;

/** The health of every layer that a finding names. */
export function healthByLayer(findings: readonly Finding[]): ReadonlyMap<string, Health> {
  const healths = new Map<string, Health>();
  for (const { layers, severity } of findings)
    for (const layer of layers) healths.set(layer, worse(severity, healths.get(layer) ?? 'healthy'));
  return healths;
}

/**
 * Of a layer at a step: ‖∂L/∂w‖ over its trained parameters, or, where it has none, the RMS of ∂L/∂activation.
 * `undefined` before the first step.
 */
export function layerGradient(telemetry: Telemetry, layer: number, step = telemetry.steps - 1): number | undefined {
  if (step < 0) return undefined;
  return telemetry.weights(step, layer)?.norm ?? telemetry.activation(step, layer, 'gradientRms');
}
