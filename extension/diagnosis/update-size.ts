/** ‖update‖ / ‖weight‖ of the weight layers: what a learning rate makes of gradients. */
import type { Telemetry } from '../protocol/telemetry';
import { weightLayers } from './depth-profile';
import { median, range } from './statistics';

/** Where a learning rate that is too large shows: later the weights have grown to fit it. */
export const firstSteps = 5;

/** Of one layer, by step, where it has a finite one. */
export const updateRatios = (telemetry: Telemetry, layer: number): number[] =>
  range(telemetry.steps)
    .map((step) => telemetry.weights(step, layer))
    .map((weights) => (weights ? weights.updateNorm / weights.weightNorm : NaN))
    .filter(Number.isFinite);

/** The middle over layers and the first steps; NaN where nothing moves. */
export const usualUpdateRatio = (telemetry: Telemetry): number =>
  median(
    weightLayers(telemetry).flatMap((layer) =>
      updateRatios(telemetry, layer)
        .slice(0, firstSteps)
        .filter((ratio) => ratio > 0),
    ),
  );
