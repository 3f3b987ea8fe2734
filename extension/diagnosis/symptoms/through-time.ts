/** Gradients of a recurrent layer's state over the time steps: what the two symptoms through time share. */
import { recurrenceName } from '../../protocol/run';
import type { Telemetry } from '../../protocol/telemetry';
import { earlyWindow } from '../depth-profile';
import { median, range } from '../statistics';

export interface TimeProfile {
  layer: string;
  /** The layer, and which of its recurrences. */
  name: string;
  /** Number of time steps. */
  length: number;
  /** ‖∂L/∂h‖ in the first quarter of the steps that the recurrence takes over that in the last quarter. */
  ratio: number;
  /** The same from one time step to the one before it. */
  perStep: number;
}

/** Shorter sequences tell nothing. */
const shortest = 4;

/** One profile per recurrence whose last states receive a gradient at all. */
export function timeProfiles(telemetry: Telemetry): TimeProfile[] {
  const window = earlyWindow(telemetry).map((step) => telemetry.throughTime(step));
  return telemetry.run.header.layout.throughTime.flatMap((columns, index) => {
    const { layer, length, reverse } = columns;
    if (length < shortest) return [];
    const times = reverse ? range(length).reverse() : range(length);
    const norms = times.map((time) => median(window.map((norms) => norms[index]![time]!).filter(Number.isFinite)));
    const quarter = Math.floor(length / 4);
    const first = median(norms.slice(0, quarter));
    const last = median(norms.slice(-quarter));
    if (!(last > 0)) return [];
    const ratio = first / last;
    return [{ layer, name: recurrenceName(columns), length, ratio, perStep: ratio ** (1 / (length - quarter)) }];
  });
}
