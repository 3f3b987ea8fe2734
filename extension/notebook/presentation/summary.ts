/** What came out of a cell, in a few words. */
import { layoutOf, type CellOutput, type RunOutput } from '../../protocol/notebook-output';
import type { PackedFinding } from '../../protocol/panel-messages';
import { english, type Translate } from '../../protocol/text';
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

const found = (findings: number, t: Translate): CellVerdict => ({
  tone: findings === 0 ? 'healthy' : 'findings',
  text: findings === 0 ? t('healthy') : findings === 1 ? t('1 finding') : t('{0} findings', findings),
  findings,
});

/** @param t puts the words into the reader's language; files are in English */
export function verdictOf(output: CellOutput, t: Translate = english): CellVerdict {
  switch (output.kind) {
    case 'run':
      return verdictOfRun(output, t);
    case 'compare':
      return { tone: 'healthy', text: t('{0} runs compared', output.runs.length), findings: 0 };
    case 'sweep': {
      const total = output.axes.reduce((size, { values }) => size * values.length, 1);
      const healthy = output.points.filter(({ findings, end }) => end.kind === 'finished' && counted(findings) === 0);
      const [good, done] = [healthy.length, output.points.length];
      return {
        tone: done < total ? 'stopped' : good > 0 ? 'healthy' : 'findings',
        text:
          done < total
            ? t('{0} of {1} healthy, stopped before {2}', good, done, total)
            : t('{0} of {1} healthy', good, done),
        findings: output.points.reduce((sum, { findings }) => sum + counted(findings), 0),
      };
    }
    case 'prescribe': {
      const findings = output.baseline ? counted(output.baseline.findings) : 0;
      if (!output.prescriptions)
        return { tone: 'stopped', text: t('stopped after {0} trials', output.trials.length), findings };
      if (output.baseline && findings === 0) return { tone: 'healthy', text: t('nothing to mend'), findings };
      const [best] = output.prescriptions;
      const text = !best
        ? t('nothing helps')
        : best.healthy
          ? t('{0} heals', trialName(best))
          : t('{0} helps', trialName(best));
      return { tone: best?.healthy ? 'healthy' : 'findings', text, findings };
    }
  }
}

function verdictOfRun({ end, findings, steps }: RunOutput, t: Translate): CellVerdict {
  const number = counted(findings);
  if (!end) return { tone: 'running', text: t('step {0}', steps), findings: number };
  if (end.kind === 'failed') return { tone: 'failed', text: t('failed'), findings: number };
  const verdict = found(number, t);
  return end.kind === 'stopped' ? { ...verdict, tone: 'stopped', text: t('{0}, stopped', verdict.text) } : verdict;
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
