/** Gradients of a recurrent layer's state over the time steps: what the two symptoms through time share. */
import type { Telemetry } from '../../protocol/telemetry';
import { earlyWindow } from '../depth-profile';
import { median, range } from '../statistics';

export interface TimeProfile {
  layer: string;
  /** Number of time steps. */
  length: number;
  /** ‖∂L/∂h‖ in the first quarter of the time steps over that in the last quarter. */
  ratio: number;
  /** The same from one time step to the one before it. */
  perStep: number;
}

/** Shorter sequences tell nothing. */
const shortest = 4;

/** One profile per recurrent layer whose last states receive a gradient at all. */
export function timeProfiles(telemetry: Telemetry): TimeProfile[] {
  const window = earlyWindow(telemetry).map((step) => telemetry.throughTime(step));
  return telemetry.run.header.layout.throughTime.flatMap(({ layer, length }, index) => {
    if (length < shortest) return [];
    const norms = range(length).map((time) =>
      median(window.map((layers) => layers[index]!.norms[time]!).filter(Number.isFinite)),
    );
    const quarter = Math.floor(length / 4);
    const first = median(norms.slice(0, quarter));
    const last = median(norms.slice(-quarter));
    if (!(last > 0)) return [];
    const ratio = first / last;
    return [{ layer, length, ratio, perStep: ratio ** (1 / (length - quarter)) }];
  });
}
