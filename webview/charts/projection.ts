import type { Axis } from './figure';

/** From data units to pixels along one axis. */
export type Projection = (value: number) => number;

/** @param start pixel of the axis' minimum, @param end of its maximum */
export function project(
  { scale, min, max }: Pick<Axis, 'scale' | 'min' | 'max'>,
  start: number,
  end: number,
): Projection {
  if (scale === 'log') {
    const low = Math.log10(min);
    const factor = (end - start) / (Math.log10(max) - low || 1);
    return (value) => start + (Math.log10(value) - low) * factor;
  }
  const factor = (end - start) / (max - min || 1);
  return (value) => start + (value - min) * factor;
}

/** From pixels to data units. */
export function unproject(
  { scale, min, max }: Pick<Axis, 'scale' | 'min' | 'max'>,
  start: number,
  end: number,
): Projection {
  const share = (pixel: number) => (pixel - start) / (end - start || 1);
  if (scale === 'log') return (pixel) => min * (max / min) ** share(pixel);
  return (pixel) => min + (max - min) * share(pixel);
}
