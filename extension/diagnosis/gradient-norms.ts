/** The global norm of the gradient by step, and the limit on it that these norms suggest. */
import type { Telemetry } from '../protocol/telemetry';
import { percentile, range } from './statistics';

/** Of clipping, that it touches the rare step alone. */
const untouched = 0.9;

/** Before clipping; of the steps where it is finite. */
export const gradientNorms = (telemetry: Telemetry): number[] =>
  range(telemetry.steps)
    .map((step) => telemetry.step(step, 'gradientNorm'))
    .filter(Number.isFinite);

/** The `max_norm` that would clip one step in ten; NaN where nothing was measured. */
export const suggestedMaxNorm = (telemetry: Telemetry): number =>
  Number(percentile(gradientNorms(telemetry), untouched).toPrecision(2));
