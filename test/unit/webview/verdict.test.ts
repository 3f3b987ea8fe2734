import assert from 'node:assert/strict';
import { packFinding, type PanelRun } from '../../../extension/protocol/panel-messages';
import type { Finding } from '../../../extension/protocol/finding';
import { statusOf, verdictOf } from '../../../webview/panel/verdict';

const t = (text: string, ...values: (string | number)[]) =>
  text.replaceAll(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)]));
const run = (changes: Partial<PanelRun>): PanelRun => ({
  id: 'a',
  name: 'a',
  startedAt: '',
  steps: 20,
  findings: [],
  ...changes,
});
const finding = (severity: Finding['severity'], message: string): Finding => ({
  symptom: 'non-finite',
  severity,
  layers: [],
  value: NaN,
  threshold: 0,
  reference: '',
  message,
});
const finished = { kind: 'finished' } as const;

describe('the verdict', () => {
  it('is the worst finding, in words', () => {
    const findings = [finding('warning', 'odd'), finding('error', 'broken')].map(packFinding);
    const verdict = verdictOf(run({ findings, end: finished }), 20, t);
    assert.deepEqual([verdict.tone, verdict.headline], ['error', 'broken']);
    assert.ok(Number.isNaN(verdict.findings[0]!.value));
  });

  it('says that a run is healthy only once it has ended', () => {
    assert.equal(verdictOf(run({}), 100, t).headline, 'Nothing wrong so far, after 20 of 100 steps.');
    assert.equal(verdictOf(run({ end: finished }), 20, t).tone, 'healthy');
    assert.equal(verdictOf(run({ end: finished, steps: 0 }), 20, t).tone, 'information');
  });

  it('says why a run failed', () => {
    const verdict = verdictOf(run({ end: { kind: 'failed', reason: 'out of memory' } }), 20, t);
    assert.deepEqual([verdict.tone, verdict.headline], ['error', 'The run failed: out of memory']);
  });

  it('comes with where the run stands', () => {
    assert.equal(statusOf(run({}), 100, t), 'running, step 20 of 100');
    assert.equal(statusOf(run({ end: { kind: 'stopped', reason: '' } }), 100, t), 'stopped after 20 steps');
  });
});
