/** How far the loss has come: what absolute thresholds are gated by (design decision 8). */
import type { Telemetry } from '../protocol/telemetry';
import { median, range, spreadOf } from './statistics';

export interface Progress {
  /** Losses at the start and at the end, medians of a fifth of the steps; at the start of the first losses, where they are worse, and of the very first, where the next are far worse. */
  from: number;
  to: number;
  /** How much of the start has gone: (from − to) / |from|; negative where the loss rose. */
  drop: number;
  /** The drop that noise alone would produce now and then, two standard errors. */
  noise: number;
}

/** A loss that has lost this much of its start is a training that works. */
export const goodProgress = 0.1;

/** An even number, so that a loss that goes up and down starts in its middle. */
const firstLosses = 4;

/** Batches do not differ by this factor. */
const blownUp = 2;

/** Of the finite losses. */
export function progressOf(telemetry: Telemetry): Progress {
  const losses = range(telemetry.steps)
    .map((step) => telemetry.loss(step))
    .filter(Number.isFinite);
  const window = Math.max(1, Math.floor(losses.length / 5));
  const start = losses.slice(0, window);
  const end = losses.slice(-window);
  const first = losses.slice(0, firstLosses);
  const [usual, count] = median(first) > median(start) ? [median(first), first.length] : [median(start), window];
  let from = usual;
  let noise = spreadOf(start) / Math.sqrt(count);
  // A loss that training first blew up has to come below that of the untrained network before it counts.
  if (losses[0]! < usual / blownUp) [from, noise] = [losses[0]!, 0];
  // Nor does one that only comes down to what a network knows that looks at nothing.
  const guess = blindGuess(telemetry);
  if (from > guess) [from, noise] = [guess, 0];
  const to = median(end);
  const scale = Math.abs(from) || 1;
  const deviation = Math.hypot(noise, spreadOf(end) / Math.sqrt(window));
  return { from, to, drop: (from - to) / scale, noise: (2 * deviation) / scale };
}

/** The loss of a classifier that finds every class as likely; NaN for other losses. */
export function blindGuess({ layers, run }: Telemetry): number {
  const { loss, batch } = run.header.settings;
  if (loss === 'bce-with-logits') return Math.LN2;
  const outputs = (layers.at(-1)?.outputSize ?? 0) / batch;
  return loss === 'cross-entropy' && outputs >= 2 ? Math.log(outputs) : NaN;
}

export const isProgressing = (telemetry: Telemetry): boolean => {
  const everyFinite = range(telemetry.steps).every((step) => Number.isFinite(telemetry.loss(step)));
  return everyFinite && progressOf(telemetry).drop > goodProgress;
};
