/** What came out of a cell, in a few words. */
import { layoutOf, type CellOutput, type RunOutput } from '../../protocol/notebook-output';
import type { PackedFinding } from '../../protocol/panel-messages';
import { trialName } from '../../protocol/trial-ranking';
import { unpackFloats } from '../../protocol/stored-series';
import { RunSeries } from '../../../webview/charts/run-series';

export type Tone = 'healthy' | 'findings' | 'failed' | 'stopped' | 'running';

export interface CellVerdict {
  tone: Tone;
  text: string;
  /** Findings of severity error or warning. */
  findings: number;
}

const counted = (findings: readonly PackedFinding[]): number =>
  findings.filter(({ severity }) => severity !== 'information').length;

const found = (findings: number): CellVerdict => ({
  tone: findings === 0 ? 'healthy' : 'findings',
  text: findings === 0 ? 'healthy' : `${findings} finding${findings === 1 ? '' : 's'}`,
  findings,
});

export function verdictOf(output: CellOutput): CellVerdict {
  switch (output.kind) {
    case 'run':
      return verdictOfRun(output);
    case 'compare':
      return { tone: 'healthy', text: `${output.runs.length} runs compared`, findings: 0 };
    case 'sweep': {
      const total = output.axes.reduce((size, { values }) => size * values.length, 1);
      const healthy = output.points.filter(({ findings, end }) => end.kind === 'finished' && counted(findings) === 0);
      return {
        tone: output.points.length < total ? 'stopped' : healthy.length > 0 ? 'healthy' : 'findings',
        text: `${healthy.length} of ${output.points.length} healthy${output.points.length < total ? `, stopped before ${total}` : ''}`,
        findings: output.points.reduce((sum, { findings }) => sum + counted(findings), 0),
      };
    }
    case 'prescribe': {
      const findings = output.baseline ? counted(output.baseline.findings) : 0;
      if (!output.prescriptions)
        return { tone: 'stopped', text: `stopped after ${output.trials.length} trials`, findings };
      if (output.baseline && findings === 0) return { tone: 'healthy', text: 'nothing to mend', findings };
      const [best] = output.prescriptions;
      const text = best ? `${trialName(best)} ${best.healthy ? 'heals' : 'helps'}` : 'nothing helps';
      return { tone: best?.healthy ? 'healthy' : 'findings', text, findings };
    }
  }
}

function verdictOfRun({ end, findings, steps }: RunOutput): CellVerdict {
  const number = counted(findings);
  if (!end) return { tone: 'running', text: `step ${steps}`, findings: number };
  if (end.kind === 'failed') return { tone: 'failed', text: 'failed', findings: number };
  const verdict = found(number);
  return end.kind === 'stopped' ? { ...verdict, tone: 'stopped', text: `${verdict.text}, stopped` } : verdict;
}

export const seriesOf = (run: RunOutput): RunSeries => RunSeries.of(layoutOf(run), run.series);

/** First and last loss; undefined before the first step. */
export function lossesOf({ series }: RunOutput): { first: number; last: number } | undefined {
  const losses = series.ofStep.loss === undefined ? [] : unpackFloats(series.ofStep.loss);
  return losses.length > 0 ? { first: losses[0]!, last: losses[losses.length - 1]! } : undefined;
}

/** Milliseconds, or undefined before the first step. */
export const stepMilliseconds = ({ timeSteps, steps }: RunOutput): number | undefined =>
  steps > 0 ? (1000 * timeSteps) / steps : undefined;
