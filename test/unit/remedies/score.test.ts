import assert from 'node:assert/strict';
import type { Finding } from '../../../extension/protocol/finding';
import { judge, type Assessment } from '../../../extension/remedies/score';

const vanishing: Finding = {
  symptom: 'vanishing-gradient',
  severity: 'error',
  layers: ['layers.0'],
  value: 1e-6,
  threshold: 1e-3,
  reference: 'test',
  message: 'Gradients vanish.',
};

/** What became of a run of twenty steps: it started from one loss, and stayed at another. */
const ended = (initialLoss: number, loss: number, health = 0.1): Assessment => ({
  findings: health === 1 ? [] : [vanishing],
  health,
  loss,
  initialLoss,
  curves: {
    losses: Float32Array.from({ length: 20 }, (_, step) => (step === 0 ? initialLoss : loss)),
    weightGradient: [],
    activationGradient: [],
  },
  secondsPerStep: 1,
  parameters: 1,
});

describe('judge', () => {
  const outcomeOf = (baseline: Assessment, trial: Assessment): string => judge(baseline, trial).outcome;

  it('calls worse what ends clearly above the baseline, however healthy', () => {
    const baseline = ended(2.3, 2.22);
    for (const health of [0.05, 0.1, 0.5, 1]) assert.equal(outcomeOf(baseline, ended(2.3, 6.19, health)), 'worse');
    assert.equal(judge(baseline, ended(2.3, 6.19, 0.5)).why, 'The loss ends at 6.19 instead of 2.22.');
  });

  it('is not deceived by the loss of a start that was far too large', () => {
    const baseline = ended(900, 2.22);
    assert.equal(outcomeOf(baseline, ended(900, 6.19, 0.5)), 'worse');
    assert.equal(outcomeOf(baseline, ended(900, 1.1)), 'improved');
  });

  it('calls improved what is healthier at the same loss, or comes further down', () => {
    const baseline = ended(2.3, 2.22);
    assert.equal(outcomeOf(baseline, ended(2.3, 2.25, 0.5)), 'improved');
    assert.equal(outcomeOf(baseline, ended(2.3, 1.5)), 'improved');
    assert.equal(outcomeOf(baseline, ended(2.3, 2.25)), 'no-effect');
    assert.equal(outcomeOf(baseline, ended(2.3, 0.3, 1)), 'healthy');
  });
});
