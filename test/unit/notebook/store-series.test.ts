import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bucketsOf, storeCurve, storeSeries } from '../../../extension/notebook/store-series';
import { unpackFloats, unpackIntegers } from '../../../extension/protocol/stored-series';
import { RunSeries } from '../../../webview/charts/run-series';
import { makeRun, type RunPlan } from '../diagnosis/run-factory';

const seriesOf = (plan: RunPlan): RunSeries => {
  const { header, steps, rows } = makeRun(plan);
  const series = new RunSeries(header.layout);
  series.appendAtOnce({ steps: Int32Array.from({ length: steps }, (_, step) => step), rows });
  return series;
};

const lossesOf = (series: RunSeries): number[] => Array.from(series.stepSeries('loss').y).slice(0, series.length);

describe('series in a notebook', () => {
  it('are exact where the run is short, NaN included', () => {
    const series = seriesOf({ depth: 2, steps: 20, step: (step) => ({ loss: step === 7 ? NaN : step / 3 }) });
    const again = RunSeries.of(series.layout, storeSeries(series, 1e6));
    assert.deepEqual([...again.steps], [...series.steps]);
    assert.deepEqual(lossesOf(again), lossesOf(series));
    for (const layer of [0, 1, 2])
      for (const quantity of ['weightGradient', 'zeroShare', 'std'] as const) {
        assert.equal(again.has(quantity, layer), series.has(quantity, layer));
        assert.equal(again.at(quantity, layer, 7), series.at(quantity, layer, 7));
      }
    assert.deepEqual(again.extent('std', [0, 1]), series.extent('std', [0, 1]));
  });

  it('keep the extremes of a long curve, and what is not finite', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ noNaN: false }), { minLength: 1, maxLength: 400 }),
        fc.integer({ min: 4, max: 60 }),
        (values, most) => {
          const curve = storeCurve(values, most);
          const kept = [...unpackFloats(curve.values)];
          const steps = [...unpackIntegers(curve.steps)];
          assert.ok(kept.length <= most + 1 && kept.length === steps.length);
          assert.ok(steps.every((step, i) => i === 0 || step > steps[i - 1]!));
          assert.deepEqual([kept[0], kept.at(-1)], [values[0], values.at(-1)]);
          const finite = (all: number[]) => all.filter((value) => Number.isFinite(value));
          if (finite(values).length > 0) assert.equal(Math.max(...finite(kept)), Math.max(...finite(values)));
          if (finite(values).length === values.length) assert.equal(Math.min(...kept), Math.min(...values));
          else assert.ok(finite(kept).length < kept.length);
        },
      ),
    );
  });

  it('leave no step out between the groups', () => {
    for (const [length, most] of [
      [5, 4],
      [100, 10],
      [10_000, 256],
    ] as const) {
      const buckets = bucketsOf(length, most);
      assert.equal(buckets[0]!.first, 0);
      assert.equal(buckets.at(-1)!.end, length);
      buckets.slice(1).forEach(({ first }, i) => {
        assert.equal(first, buckets[i]!.end);
      });
    }
  });

  it('take a curve over time whole', () => {
    const series = seriesOf({ depth: 1, steps: 50, throughTime: [1, 2, 4] });
    const again = RunSeries.of(
      { ...series.layout, throughTime: [{ layer: 'layers.0', offset: 0, length: 3 }] },
      storeSeries(series, 100),
    );
    assert.ok(again.length < 20);
    assert.deepEqual([...again.throughTime(0, 3)], [1, 2, 4]);
  });

  it('survive a damaged file as what is not measured', () => {
    const series = seriesOf({ depth: 1, steps: 8 });
    const stored = storeSeries(series, 1e6);
    const again = RunSeries.of(series.layout, {
      ...stored,
      length: 900,
      ofStep: { loss: stored.ofStep.loss!.slice(0, 8) },
    });
    assert.equal(again.length, 8);
    assert.ok(Number.isNaN(again.stepSeries('loss').y[7]!));
  });
});
