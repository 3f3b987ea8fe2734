import { isProgressing, progressOf } from '../progress';
import { number, percent } from '../sentence';
import { range } from '../statistics';
import type { Symptom } from '../symptom';

const fewestSteps = 20;

/** The first fifth of the steps may swing: training finds its way. */
const warmUp = 5;

/** A swing is a turn of the loss by this much of where it started. */
const swing = 0.1;

/** Batches differ, but not so far above the start: there only steps that are too large throw a loss. */
const thrown = 1.5;

/** The loss goes up and down by large steps instead of falling. */
export const oscillatingLoss: Symptom = {
  id: 'oscillating-loss',
  threshold: 0.2,
  reference: 'AutoTrainer: swings in at least 20 % of the steps',
  detect: ({ telemetry, threshold, found, t }) => {
    if (telemetry.steps < fewestSteps || found.some(({ symptom }) => symptom === 'non-finite')) return [];
    const losses = range(telemetry.steps).map((step) => telemetry.loss(step));
    const start = Math.floor(losses.length / warmUp);
    const { from } = progressOf(telemetry);
    const least = swing * Math.abs(from);
    const changes = losses.slice(start + 1).map((loss, i) => loss - losses[start + i]!);
    const turns = changes
      .slice(1)
      .filter((change, i) => Math.sign(change) !== Math.sign(changes[i]!) && Math.abs(change) >= least);
    const share = turns.length / (changes.length - 1);
    if (!(share > threshold)) return [];
    const late = losses.slice(start);
    const highest = Math.max(...late);
    const isThrown = highest - from > (thrown - 1) * Math.abs(from);
    return [
      {
        severity: isThrown && !isProgressing(telemetry) ? 'warning' : 'information',
        layers: [],
        value: share,
        message: t(
          'The loss oscillates: in {0} of the steps it turns by more than a tenth of its start, between {1} and {2}.',
          percent(share),
          number(Math.min(...late)),
          number(highest),
        ),
      },
    ];
  },
};
