/** Calls no oftener than every `least` milliseconds, and never for more than a fifth of the time. */
export function atIntervals(call: () => void, least = 250): () => void {
  let next = 0;
  return () => {
    const now = performance.now();
    if (now < next) return;
    call();
    const after = performance.now();
    next = after + Math.max(least, 4 * (after - now));
  };
}

/** Seconds since now. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => Math.round(performance.now() - start) / 1000;
}
