/** Thins the telemetry of a run out until it fits into a notebook, without losing an extreme or what is not finite. */
import { stepColumns } from '../protocol/run';
import { pack, quantities, type Packed, type StoredSeries } from '../protocol/stored-series';
import type { RunSeries } from '../../webview/charts/run-series';
import type { Series } from '../../webview/charts/figure';

/** As many samples as a screen has columns. */
const mostSamples = 2048;
const fewestSamples = 4;
/** Samples at the beginning that are never thinned out: what is diagnosed is diagnosed there. */
const headSamples = 8;
/** Four bytes in Base64. */
const bytesPerNumber = 16 / 3;

/** Consecutive samples; of more than two, two are kept. */
interface Bucket {
  first: number;
  end: number;
}

/** @param bytes about how much the series may take in the file */
export function storeSeries(series: RunSeries, bytes: number): StoredSeries {
  const columns = stepColumns.filter((name) => isKnown(series.stepSeries(name)));
  const layers = series.layout.layers.map((_, layer) => layer);
  const perLayer = quantities.filter((quantity) => series.layersWith(quantity).length > 0);
  const width =
    1 +
    columns.length +
    perLayer.reduce((sum, quantity) => sum + series.layersWith(quantity).length, 0) +
    series.layout.throughTime.reduce((sum, { length }) => sum + length, 0);
  const room = Math.floor(bytes / bytesPerNumber / width);
  const buckets = bucketsOf(series.length, Math.min(mostSamples, Math.max(fewestSamples, room)));
  const steps = positions(buckets).map((index) => series.steps[index]!);
  return {
    length: steps.length,
    steps: pack(Int32Array.from(steps)),
    ofStep: Object.fromEntries(columns.map((name) => [name, packThinned(series.stepSeries(name), buckets)])),
    ofLayer: Object.fromEntries(
      perLayer.map((quantity) => [
        quantity,
        layers.map((layer) =>
          series.has(quantity, layer) ? packThinned(series.layerSeries(quantity, layer), buckets) : null,
        ),
      ]),
    ),
    throughTime: series.layout.throughTime.map((_, index) => packThroughTime(series, index, buckets)),
  };
}

/** One curve by itself, of at most so many points. */
export function storeCurve(values: ArrayLike<number>, most: number): { steps: Packed; values: Packed } {
  const buckets = bucketsOf(values.length, most);
  const steps = Int32Array.from(positions(buckets));
  return { steps: pack(steps), values: packThinned({ x: steps, y: values, length: values.length }, buckets) };
}

/** The first samples and the last one by themselves, the others in groups of about the same size. */
export function bucketsOf(length: number, most: number): Bucket[] {
  const alone = (first: number): Bucket => ({ first, end: first + 1 });
  if (length <= most) return Array.from({ length }, (_, i) => alone(i));
  const head = Math.min(headSamples, Math.floor(most / 4));
  const groups = Math.max(1, Math.floor((most - head - 1) / 2));
  const at = (group: number): number => head + Math.floor(((length - 1 - head) * group) / groups);
  return [
    ...Array.from({ length: head }, (_, i) => alone(i)),
    ...Array.from({ length: groups }, (_, group) => ({ first: at(group), end: at(group + 1) })),
    alone(length - 1),
  ];
}

const middle = ({ first, end }: Bucket): number => first + Math.ceil((end - first) / 2);

/** The two halves of a group stand for its two samples. */
const positions = (buckets: readonly Bucket[]): number[] =>
  buckets.flatMap((bucket) => (bucket.end - bucket.first > 1 ? [bucket.first, middle(bucket)] : [bucket.first]));

/** Of each group its smallest and its largest value in the order they came in, or what is not finite and the largest. */
function packThinned({ y }: Series, buckets: readonly Bucket[]): Packed {
  const kept: number[] = [];
  for (const { first, end } of buckets) {
    if (end - first === 1) {
      kept.push(y[first]!);
      continue;
    }
    let low = -1;
    let high = -1;
    let odd = -1;
    for (let i = first; i < end; i++) {
      const value = y[i]!;
      if (!Number.isFinite(value)) odd = odd < 0 ? i : odd;
      else {
        if (low < 0 || value < y[low]!) low = i;
        if (high < 0 || value >= y[high]!) high = i;
      }
    }
    const other = odd >= 0 ? odd : low;
    const top = high >= 0 ? high : other;
    kept.push(y[Math.min(other, top)]!, y[Math.max(other, top)]!);
  }
  return pack(Float32Array.from(kept));
}

/** A curve over time is kept whole: of each half of a group the one with the largest norm. */
function packThroughTime(series: RunSeries, index: number, buckets: readonly Bucket[]): Packed {
  const { length } = series.layout.throughTime[index]!;
  const halves = buckets.flatMap((bucket): Bucket[] =>
    bucket.end - bucket.first > 1
      ? [
          { first: bucket.first, end: middle(bucket) },
          { first: middle(bucket), end: bucket.end },
        ]
      : [bucket],
  );
  const kept = new Float32Array(halves.length * length);
  halves.forEach(({ first, end }, place) => {
    let best = first;
    let largest = -Infinity;
    for (let i = first; i < end; i++) {
      const size = largestOf(series.throughTime(index, i));
      if (size > largest) [best, largest] = [i, size];
    }
    kept.set(series.throughTime(index, best), place * length);
  });
  return pack(kept);
}

/** What is not a number counts as infinite. */
const largestOf = (values: Float32Array): number => {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Number.isNaN(value) ? Infinity : Math.abs(value));
  return largest;
};

function isKnown({ y, length }: Series): boolean {
  for (let i = 0; i < length; i++) if (!Number.isNaN(y[i]!)) return true;
  return false;
}
