import { unpackFinding, type PanelRun } from '../../extension/protocol/panel-messages';
import type { Finding, Severity } from '../../extension/protocol/finding';
import type { RunHeader } from '../../extension/protocol/run';
import { readableNumber } from '../../extension/panel/readable-number';

export type Tone = Severity | 'healthy' | 'running';

/** What is to be said of a run, in one sentence. */
export interface Verdict {
  tone: Tone;
  headline: string;
  /** The worst first. */
  findings: readonly Finding[];
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, information: 2 };

type Translate = (text: string, ...values: (string | number)[]) => string;

/** @param planned number of steps the run was asked for, where known */
export function verdictOf(run: PanelRun, planned: number | undefined, t: Translate): Verdict {
  const findings = run.findings.map(unpackFinding).sort((a, b) => rank[a.severity] - rank[b.severity]);
  const [worst] = findings;
  const { end, steps } = run;
  if (end?.kind === 'failed') return { tone: 'error', headline: t('The run failed: {0}', end.reason), findings };
  if (worst) return { tone: worst.severity, headline: worst.message, findings };
  if (!end)
    return {
      tone: 'running',
      headline:
        steps === 0
          ? t('Preparing the first step…')
          : planned === undefined
            ? t('Nothing wrong so far, after {0} steps.', steps)
            : t('Nothing wrong so far, after {0} of {1} steps.', steps, planned),
      findings,
    };
  if (steps === 0) return { tone: 'information', headline: t('The run ended before its first step.'), findings };
  return {
    tone: 'healthy',
    headline:
      end.kind === 'stopped'
        ? t('Nothing wrong in {0} steps; then the run was stopped.', steps)
        : t('The gradients are healthy: nothing wrong in {0} steps.', steps),
    findings,
  };
}

/** Where a run stands, in a few words. */
export function statusOf({ end, steps }: PanelRun, planned: number | undefined, t: Translate): string {
  if (!end) return planned === undefined ? t('running') : t('running, step {0} of {1}', steps, planned);
  if (end.kind === 'finished') return t('finished, {0} steps', steps);
  return end.kind === 'stopped' ? t('stopped after {0} steps', steps) : t('failed after {0} steps', steps);
}

const optimizerNames = { sgd: 'SGD', adam: 'Adam', adamw: 'AdamW' };
const providerNames: Readonly<Record<string, string>> = {
  cpu: 'CPU',
  cuda: 'CUDA',
  webgpu: 'WebGPU',
  dml: 'DirectML',
  coreml: 'CoreML',
};

/** How a run was made, in a few words. */
export function settingsOf({ settings, provider }: Pick<RunHeader, 'settings' | 'provider'>, t: Translate): string {
  const { optimizer, batch } = settings;
  return t(
    '{0}, learning rate {1} · batch of {2} · {3}',
    optimizerNames[optimizer.id],
    readableNumber(optimizer.lr),
    batch,
    providerNames[provider] ?? provider,
  );
}
