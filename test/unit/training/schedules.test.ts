import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSchedule } from '../../../extension/training/schedules';

/** What PyTorch computes (test/fixtures/training/generate.py). */
const cases = JSON.parse(readFileSync(join('test', 'fixtures', 'training', 'schedules.json'), 'utf8')) as {
  id: string;
  parameters: Record<string, number>;
  rates: number[];
  losses: number[];
}[];

const close = (actual: number, expected: number, what: string): void => {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * 0.1 + 1e-9 * expected, `${what}: ${actual} instead of ${expected}`);
};

describe('createSchedule', () => {
  for (const { id, parameters, rates, losses } of cases) {
    it(`follows PyTorch for ${rates.length} steps: ${id}`, () => {
      const schedule = createSchedule({ id, parameters: { ...parameters, unit: 'step' } }, 0.1, 7);
      rates.forEach((rate, step) => {
        close(schedule.rate(step), rate, `rate of step ${step}`);
        if (schedule.listens) schedule.observe(losses[step]!);
      });
    });

    it(`counts epochs where it is told to: ${id}`, () => {
      const stepsPerEpoch = 3;
      const schedule = createSchedule({ id, parameters: { ...parameters, unit: 'epoch' } }, 0.1, stepsPerEpoch);
      for (let step = 0; step < rates.length; step++) {
        const epoch = Math.floor(step / stepsPerEpoch);
        close(schedule.rate(step), rates[epoch]!, `rate of step ${step}`);
        if (schedule.listens && step % stepsPerEpoch === stepsPerEpoch - 1) schedule.observe(losses[epoch]!);
      }
    });
  }

  it('promises no rate that a loss may still change', () => {
    const parameters = { factor: 0.5, patience: 3, unit: 'step' };
    const schedule = createSchedule({ id: 'reduce-lr-on-plateau', parameters }, 0.1, 10);
    for (let step = 0; step < 50;) {
      const certain = schedule.certain(step);
      assert.ok(certain >= 1);
      const rate = schedule.rate(step);
      for (let i = 0; i < certain; i++, step++) {
        assert.equal(schedule.rate(step), rate);
        schedule.observe(1);
      }
    }
    assert.ok(schedule.rate(50) < 1e-4);
  });

  it('keeps the rate where there is no schedule', () => {
    assert.equal(createSchedule(undefined, 0.3, 5).rate(1000), 0.3);
  });
});
