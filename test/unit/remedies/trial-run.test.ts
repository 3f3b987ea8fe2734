import assert from 'node:assert/strict';
import { defaultExperiment, type Experiment } from '../../../extension/protocol/experiment';
import { rowWidth, stepColumn, type RunEnd } from '../../../extension/protocol/run';
import { runTrial, type TrialTrainer } from '../../../extension/remedies/trial-run';
import { makeRun } from '../diagnosis/run-factory';

const experiment: Experiment = { ...defaultExperiment('model.onnx'), steps: 100 };

/** Sends the steps of a run in chunks of a size, until it is cancelled; behind the last one that comes too late. */
const trainerOf = (chunk: number, loss: (step: number) => number): TrialTrainer => ({
  train: (_, options) => {
    const run = makeRun({ depth: 1, steps: 100, step: (step) => ({ loss: loss(step) }) });
    const width = rowWidth(run.header.layout);
    options.header?.(run.header);
    let first = 0;
    for (; first < 100 && !options.signal?.aborted; first += chunk) {
      const count = Math.min(chunk, 100 - first);
      options.steps?.({ firstStep: first, count, rows: run.rows.slice(first * width, (first + count) * width) });
    }
    const end: RunEnd = first < 100 ? { kind: 'stopped', reason: 'cancelled' } : { kind: 'finished' };
    return Promise.resolve({ ...end, nonFinite: { step: 20, phase: 'loss', node: 'loss' } });
  },
});

describe('runTrial', () => {
  for (const chunk of [1, 7, 64, 100])
    it(`cuts a lost run at the same step however its steps arrive: ${chunk} at a time`, async () => {
      const diverging = trainerOf(chunk, (step) => (step < 20 ? 1 : NaN));
      const lost = await runTrial(diverging, experiment, undefined);
      assert.deepEqual([lost.steps, lost.end?.kind, lost.end?.nonFinite?.step], [30, 'stopped', 20]);
      const asked: number[] = [];
      const run = await runTrial(
        trainerOf(chunk, () => 1),
        experiment,
        undefined,
        (soFar) => asked.push(soFar.steps) > 0,
      );
      assert.deepEqual([asked, run.steps, run.end?.kind], [[30], 30, 'stopped']);
      assert.equal(run.rows.length, 30 * rowWidth(run.header.layout));
    });

  it('runs to the end where there is hope', async () => {
    const run = await runTrial(
      trainerOf(16, (step) => 1 / (step + 1)),
      experiment,
      undefined,
      () => false,
    );
    assert.equal(run.steps, 100);
    assert.equal(run.rows[99 * rowWidth(run.header.layout) + stepColumn('loss')], Math.fround(0.01));
  });
});
