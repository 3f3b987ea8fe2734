import assert from 'node:assert/strict';
import { RunSeries } from '../../../webview/charts/run-series';
import {
  activationColumn,
  parameterColumn,
  rowWidth,
  stepColumn,
  type TelemetryLayout,
} from '../../../extension/protocol/run';

const layout: TelemetryLayout = {
  layers: [
    { name: 'linear', op: 'Gemm', kind: 'linear', parameters: ['linear.weight', 'linear.bias'] },
    { name: 'act', op: 'Sigmoid', kind: 'activation', parameters: [] },
  ],
  parameters: [
    { name: 'linear.weight', shape: [2, 2], size: 4, trainable: true },
    { name: 'linear.bias', shape: [2], size: 2, trainable: true },
  ],
  throughTime: [],
};
const width = rowWidth(layout);

const row = (values: {
  weight?: number;
  bias?: number;
  nonFinite?: number;
  activation?: number;
  loss?: number;
  whole?: number;
}): Float32Array => {
  const made = new Float32Array(width).fill(NaN);
  made[stepColumn('loss')] = values.loss ?? 1;
  made[stepColumn('gradientNorm')] = values.whole ?? 5;
  made[activationColumn(1, 'gradientRms')] = values.activation ?? 0.1;
  for (const [parameter, gradient] of [values.weight ?? 3, values.bias ?? 4].entries()) {
    made[parameterColumn(layout, parameter, 'gradientNorm')] = gradient;
    made[parameterColumn(layout, parameter, 'gradientNonFinite')] = values.nonFinite ?? 0;
    made[parameterColumn(layout, parameter, 'weightNorm')] = 10;
    made[parameterColumn(layout, parameter, 'updateNorm')] = 0.1;
  }
  return made;
};

const seriesOf = (...chunks: { steps: number[]; rows: Float32Array[] }[]): RunSeries => {
  const series = new RunSeries(layout);
  for (const { steps, rows } of chunks) {
    const joined = new Float32Array(rows.length * width);
    rows.forEach((one, index) => {
      joined.set(one, index * width);
    });
    Array.from(series.append({ steps, rows: joined }));
  }
  return series;
};

describe('RunSeries', () => {
  it('joins the parameters of a layer to one norm', () => {
    const series = seriesOf({ steps: [0], rows: [row({ weight: 3, bias: 4 })] });
    assert.equal(series.at('weightGradient', 0, 0), 5);
    assert.ok(Math.abs(series.at('updateRatio', 0, 0) - 0.01) < 1e-9);
  });

  it('keeps a norm whose square underflows', () => {
    const series = seriesOf({ steps: [0], rows: [row({ weight: 3e-38, bias: 4e-38 })] });
    assert.ok(Math.abs(series.at('weightGradient', 0, 0) / 5e-38 - 1) < 1e-6);
  });

  it('holds the values of chunk after chunk, side by side', () => {
    const chunk = (first: number) => ({
      steps: Array.from({ length: 100 }, (_, i) => first + i),
      rows: Array.from({ length: 100 }, (_, i) => row({ loss: first + i })),
    });
    const series = seriesOf(chunk(0), chunk(100), chunk(200));
    assert.equal(series.length, 300);
    const loss = series.stepSeries('loss');
    assert.deepEqual([loss.y[0], loss.y[150], loss.y[299]], [0, 150, 299]);
  });

  it('finds the last sample at or before a step', () => {
    const series = seriesOf({ steps: [0, 8, 16], rows: [row({}), row({}), row({})] });
    assert.deepEqual(
      [-1, 0, 7, 8, 100].map((step) => series.indexOf(step)),
      [-1, 0, 0, 1, 2],
    );
  });

  it('finds the last step from which something can be read', () => {
    const rows = (...norms: number[]) => norms.map((whole) => row({ whole }));
    assert.equal(seriesOf({ steps: [0, 8, 16, 24], rows: rows(5, 7, NaN, Infinity) }).lastFinite(), 8);
    assert.equal(seriesOf({ steps: [0, 8], rows: rows(NaN, NaN) }).lastFinite(), 8);
  });

  it('knows which layer has which quantity', () => {
    const series = seriesOf({ steps: [0], rows: [row({})] });
    assert.deepEqual(series.layersWith('weightGradient'), [0]);
    assert.deepEqual(series.layersWith('activationGradient'), [1]);
    assert.deepEqual(series.layersWith('deadShare'), []);
  });

  it('tells a gradient that is not a number from one that is not there', () => {
    const series = seriesOf({ steps: [0], rows: [row({ weight: NaN, nonFinite: 2 })] });
    assert.equal(series.has('weightGradient', 0), true);
    assert.equal(series.extent('weightGradient', [0]).nan, true);
  });

  it('leaves out frozen parameters', () => {
    const frozen = row({ weight: 3 });
    frozen[parameterColumn(layout, 1, 'gradientNonFinite')] = NaN;
    frozen[parameterColumn(layout, 1, 'gradientNorm')] = NaN;
    assert.equal(seriesOf({ steps: [0], rows: [frozen] }).at('weightGradient', 0, 0), 3);
  });
});
