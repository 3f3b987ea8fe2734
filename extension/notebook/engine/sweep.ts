import { earlyWindow } from '../../diagnosis/depth-profile';
import { diagnose } from '../../diagnosis/diagnose';
import { InputError } from '../../protocol/errors';
import { outputSchema, type SweepOutput, type SweepPoint } from '../../protocol/notebook-output';
import { packFinding, packNumber } from '../../protocol/panel-messages';
import type { Run } from '../../protocol/run';
import { Telemetry } from '../../protocol/telemetry';
import { assess } from '../../remedies/score';
import { runTrial, type TimedRun } from '../../remedies/trial-run';
import type { SweepCell } from '../cell-schema';
import { storeCurve } from '../store-series';
import { sweepPoints, sweepSize } from '../sweep';
import { asError, stated, type Outcome } from './experiment';
import type { Laboratory } from './laboratory';
import { stopwatch } from './live';
import { provenanceOf } from './provenance';
import { findExperiment } from './references';

/** More than a person waits for, and more than a table shows. */
export const largestSweep = 1000;
const curvePoints = 64;

export async function runSweep(cell: SweepCell, lab: Laboratory): Promise<Outcome<SweepOutput>> {
  const size = sweepSize(cell);
  if (size > largestSweep)
    throw new InputError(`The sweep takes ${size} runs, more than ${largestSweep}: leave values out.`);
  const { run, over } = cell.sweep;
  const points = sweepPoints(cell, findExperiment(lab.cells, run).cell);
  const axes = Object.entries(over).map(([path, values]) => ({ path, values }));
  const elapsed = stopwatch();
  const done: SweepPoint[] = [];
  let output: SweepOutput = {
    schema: outputSchema,
    kind: 'sweep',
    run,
    axes,
    points: done,
    timeStarted: new Date().toISOString(),
    timeElapsed: 0,
  };
  let error: Outcome<SweepOutput>['error'];
  const isInterrupted = (): boolean => lab.signal.aborted;
  for (const [index, point] of points.entries()) {
    if (isInterrupted()) break;
    lab.onProgress?.(lab.t('Run {0} of {1}: {2}', index + 1, size, point.label), index / size);
    const time = stopwatch();
    const values = valuesAt(axes, index);
    try {
      const measured = await runTrial(lab.trainer, await stated(point.cell, lab), lab.signal);
      // The steps before an interrupt say nothing of the whole.
      if (isInterrupted()) break;
      if (done.length === 0) output = { ...output, ...(await provenanceOf(measured.header, lab.folder, lab.version)) };
      done.push(summary(values, measured, time()));
    } catch (thrown) {
      if (isInterrupted()) break;
      error ??= asError(thrown);
      done.push(failure(values, (thrown as Error).message, time()));
    }
    output = { ...output, points: [...done], timeElapsed: elapsed() };
    lab.onOutput?.(output);
  }
  // One combination that cannot be run is a result; none that can is not.
  return { output, error: done.some(({ end }) => end.kind !== 'failed') ? undefined : error };
}

/** Which value each axis has at a point, the last axis varying fastest. */
function valuesAt(axes: SweepOutput['axes'], index: number): SweepPoint['values'] {
  let rest = index;
  return [...axes]
    .reverse()
    .map(({ values }) => {
      const value = values[rest % values.length]!;
      rest = Math.floor(rest / values.length);
      return value;
    })
    .reverse();
}

function summary(values: SweepPoint['values'], run: TimedRun, seconds: number): SweepPoint {
  const findings = diagnose(run);
  const { loss, curves } = assess(run, findings);
  return {
    values,
    findings: findings.map(packFinding),
    end:
      run.end?.kind === 'stopped'
        ? { kind: 'stopped', reason: 'The loss was no number any more.' }
        : { kind: 'finished' },
    steps: run.steps,
    loss: packNumber(loss),
    gradientRatio: packNumber(gradientRatio(run)),
    losses: storeCurve(curves.losses, curvePoints),
    timeElapsed: seconds,
  };
}

const failure = (values: SweepPoint['values'], reason: string, seconds: number): SweepPoint => ({
  values,
  findings: [],
  end: { kind: 'failed', reason },
  steps: 0,
  loss: 'NaN',
  gradientRatio: 'NaN',
  losses: storeCurve([], curvePoints),
  timeElapsed: seconds,
});

/** Smallest against largest RMS gradient of the weights among the layers, of the early steps the median. */
function gradientRatio(run: Run): number {
  const telemetry = new Telemetry(run);
  const ratios = earlyWindow(telemetry)
    .map((step) => {
      const sizes = telemetry.layers.flatMap((_, layer) => telemetry.weights(step, layer)?.rms ?? []);
      return Math.min(...sizes) / Math.max(...sizes);
    })
    .sort((a, b) => a - b);
  return ratios[Math.floor(ratios.length / 2)] ?? NaN;
}
