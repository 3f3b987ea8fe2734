/** The charts of an output for readers without the extension, drawn for white paper. */
import type { PrescribeOutput, RunOutput, SweepOutput, CellOutput } from '../../protocol/notebook-output';
import { english } from '../../protocol/text';
import { trialName } from '../../protocol/trial-ranking';
import { unpackFloats, unpackIntegers } from '../../protocol/stored-series';
import { depthColor, runColor } from '../../../webview/charts/colors';
import type { Figure, Line } from '../../../webview/charts/figure';
import {
  depthProfile,
  lossAndLearningRate,
  lossCurves,
  throughTimeCurve,
  type ShownRun,
  type View,
} from '../../../webview/charts/figures';
import { seriesOf } from './summary';
import { earlyStep } from './text';

export function figuresOf(output: CellOutput): Figure[] {
  switch (output.kind) {
    case 'run':
      return figuresOfRuns([output]);
    case 'compare':
      return figuresOfRuns(output.runs);
    case 'sweep':
      return output.points.length > 0 ? [sweepFigure(output)] : [];
    case 'prescribe':
      return figuresOfPrescription(output);
  }
}

function figuresOfRuns(outputs: readonly RunOutput[]): Figure[] {
  const [first, ...others] = outputs.map((run, slot): ShownRun => ({
    name: run.name,
    series: seriesOf(run),
    color: runColor(slot, 'light'),
  }));
  if (!first || first.series.length === 0) return [];
  const layers = first.series.layout.layers.map((_, index) => index);
  const view: View = { runs: [first, ...others], layers, theme: 'light', t: english };
  const step = first.series.steps[Math.max(0, first.series.indexOf(earlyStep))]!;
  const timed = outputs.some(({ throughTime }) => throughTime.length > 0);
  return [
    titled(depthProfile(view, step), step),
    lossAndLearningRate(view),
    ...(timed ? [titled(throughTimeCurve(view, step), step)] : []),
  ];
}

const titled = <F extends Figure>(figure: F, step: number): F => ({
  ...figure,
  title: `${figure.title}, step ${step}`,
});

const curve = ({ steps, values }: { steps: string; values: string }): Pick<Line, 'x' | 'y' | 'length'> => {
  const [x, y] = [unpackIntegers(steps), unpackFloats(values)];
  return { x, y, length: Math.min(x.length, y.length) };
};

function sweepFigure({ axes, points }: SweepOutput): Figure {
  return lossCurves(
    points.map(({ values, losses }, index) => ({
      label: values.map((value, axis) => `${axes[axis]?.path.split('.').at(-1) ?? ''} ${String(value)}`).join(', '),
      color: depthColor(index, points.length, 'light'),
      ...curve(losses),
    })),
    english,
  );
}

function figuresOfPrescription({ baseline, prescriptions }: PrescribeOutput): Figure[] {
  if (!baseline) return [];
  const before = figuresOfRuns([baseline]);
  const best = prescriptions?.[0];
  if (!best?.losses) return before;
  const losses = seriesOf(baseline).stepSeries('loss');
  return [
    ...before.slice(0, 1),
    lossCurves(
      [
        { label: baseline.name, color: runColor(0, 'light'), ...losses },
        { label: trialName(best), color: runColor(1, 'light'), ...curve(best.losses) },
      ],
      english,
    ),
  ];
}
