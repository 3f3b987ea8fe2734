import assert from 'node:assert/strict';
import {
  depthProfile,
  layerHeatMap,
  lossAndLearningRate,
  overSteps,
  shortName,
  throughTimeCurve,
  throughTimeHeatMap,
  wholeGradient,
  type View,
} from '../../../webview/charts/figures';
import { csvOfFigure, tableOf } from '../../../webview/charts/csv';
import { RunSeries } from '../../../webview/charts/run-series';
import { escapeXml, svgOf } from '../../../webview/charts/svg';
import { syntheticRun, type SyntheticOptions } from '../../e2e/synthetic-run';
import { parameterColumn, rowWidth, stepColumn } from '../../../extension/protocol/run';

const shown = (name: string, options: SyntheticOptions) => {
  const run = syntheticRun(options);
  const series = new RunSeries(run.header.layout);
  Array.from(series.append(run));
  return { name, series, color: '#123456', run };
};
const t: View['t'] = (text, ...values) =>
  text.replaceAll(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)]));

const viewOf = (...runs: ReturnType<typeof shown>[]): View => {
  const [first, ...others] = runs as [ReturnType<typeof shown>];
  return { runs: [first, ...others], layers: first.series.layout.layers.map((_, index) => index), theme: 'light', t };
};

describe('the figures of a run', () => {
  const run = shown('sigmoid', { layers: 10, steps: 20, time: 6 });
  const view = viewOf(run);

  it('show the gradient of each layer at the chosen step', () => {
    const { lines } = depthProfile(view, 7);
    assert.deepEqual(
      lines.map(({ label, length }) => [label, length]),
      [
        ['weights', 5],
        ['activations', 10],
      ],
    );
    const row = 7 * rowWidth(run.run.header.layout);
    const [weight, bias] = [0, 1].map(
      (parameter) => run.run.rows[row + parameterColumn(run.run.header.layout, parameter, 'gradientNorm')]!,
    );
    assert.ok(Math.abs(lines[0]!.y[0]! - Math.hypot(weight!, bias!)) < 1e-9);
  });

  it('leave out hidden layers', () => {
    const some = { ...view, layers: [0, 2] };
    assert.equal(overSteps(some, 'weightGradient').lines.length, 2);
    assert.deepEqual(layerHeatMap(some, 'weightGradient').y.names, ['encoder.layers.0', 'encoder.layers.2']);
  });

  it('show the validation loss at the steps at which there is one', () => {
    const { lines, right } = lossAndLearningRate(view);
    assert.deepEqual(Array.from(lines[1]!.x), [0, 10]);
    assert.equal(right?.lines.length, 1);
  });

  it('show the norm after clipping where clipping did something', () => {
    assert.equal(wholeGradient(view).lines.length, 1);
    assert.equal(wholeGradient(viewOf(shown('clipped', { layers: 4, steps: 5, clipped: true }))).lines.length, 2);
  });

  it('show the gradient through time as curve and over the steps', () => {
    assert.equal(throughTimeCurve(view, 3).lines[0]!.length, 6);
    const { rows } = throughTimeHeatMap(view, 0);
    assert.deepEqual([rows.length, rows[0]!.length], [6, 20]);
    assert.equal(rows[5]!.y[3], throughTimeCurve(view, 3).lines[0]!.y[5]);
  });

  it('compare runs by one layer', () => {
    const both = viewOf(run, shown('residual', { layers: 10, steps: 20, passed: 0.9 }));
    const figure = overSteps({ ...both, layer: 4 }, 'weightGradient');
    assert.deepEqual(
      figure.lines.map(({ label }) => label),
      ['sigmoid', 'residual'],
    );
    assert.equal(figure.subject, 'encoder.layers.4');
    assert.equal(depthProfile(both, 0).lines.length, 4);
  });

  it('mark what has no place on a log axis', () => {
    const broken = viewOf(shown('broken', { layers: 12, steps: 40, broken: true }));
    assert.deepEqual(overSteps(broken, 'weightGradient').y.marks, ['zero', 'nan', 'infinite']);
  });
});

describe('a figure as a table', () => {
  const run = shown('sigmoid', { layers: 4, steps: 12 });

  it('has a row for every position and a column for every line', () => {
    const table = tableOf(lossAndLearningRate(viewOf(run)));
    assert.deepEqual(table.columns, ['step', 'loss', 'validation loss', 'learning rate']);
    assert.equal(table.length, 12);
    const width = rowWidth(run.run.header.layout);
    assert.equal(table.row(3)[1], run.run.rows[3 * width + stepColumn('loss')]);
    assert.equal(table.row(3)[2], undefined);
  });

  it('names the layers along the depth profile', () => {
    const table = tableOf(depthProfile(viewOf(run), 0));
    assert.deepEqual(
      [0, 1].map((index) => table.row(index)[0]),
      ['encoder.layers.0', 'encoder.layers.1'],
    );
    assert.equal(table.row(1)[1], undefined);
  });

  it('reads as CSV', () => {
    const csv = csvOfFigure({
      kind: 'lines',
      title: '',
      x: { label: 'step', scale: 'linear', min: 0, max: 2 },
      y: { label: '', scale: 'log', min: 1, max: 10 },
      lines: [
        { label: 'a,"b"', color: '', x: [0, 1, 2], y: [1, NaN, Infinity], length: 3 },
        { label: 'c', color: '', x: [1], y: [0], length: 1 },
      ],
    });
    assert.equal(csv, 'step,"a,""b""",c\n0,1,\n1,NaN,0\n2,Infinity,\n');
  });
});

describe('a figure as SVG', () => {
  const broken = viewOf(shown('a <b> & "c"', { layers: 12, steps: 40, broken: true }));

  it('is one well-formed element without style or script', () => {
    for (const figure of [
      depthProfile(broken, 39),
      layerHeatMap(broken, 'weightGradient'),
      lossAndLearningRate(broken),
    ]) {
      const svg = svgOf(figure);
      assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*>.*<\/svg>$/s);
      assert.doesNotMatch(svg, /NaN[ "]|undefined|style=|<script|Infinity/);
      const opened = svg.match(/<[a-z][^>]*[^/]>/gi)!.length;
      assert.equal(opened, svg.match(/<\/[a-z]+>/gi)!.length);
    }
  });

  it('draws as many lines as there are', () => {
    const svg = svgOf(overSteps(broken, 'updateRatio'));
    assert.equal(svg.match(/stroke-linejoin/g)!.length, 6);
  });

  it('escapes names', () => {
    assert.equal(escapeXml('a <b> & "c"'), 'a &lt;b&gt; &amp; &quot;c&quot;');
  });
});

describe('shortName', () => {
  it('keeps the last parts of a dotted name that fit', () => {
    assert.equal(shortName('encoder.layers.11.self_attn.out_proj', 20), '…self_attn.out_proj');
    assert.equal(shortName('layers.3'), 'layers.3');
  });
});
