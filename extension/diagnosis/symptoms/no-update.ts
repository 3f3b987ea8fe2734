import type { Telemetry } from '../../protocol/telemetry';
import { names } from '../sentence';
import { range } from '../statistics';
import type { Symptom } from '../symptom';

/** As many steps without a change are no chance (SageMaker Debugger's UnchangedTensor). */
const fewestSteps = 3;

/** Weights that are not trained at all: their gradient is exactly zero, or every step is. */
export const noUpdate: Symptom = {
  id: 'no-update',
  threshold: 0,
  reference: 'SageMaker Debugger (UnchangedTensor)',
  detect: ({ telemetry, found, t }) => {
    if (telemetry.steps < fewestSteps || isAtRest(telemetry)) return [];
    const explained = new Set(found.flatMap(({ symptom, layers }) => (symptom === 'vanishing-gradient' ? layers : [])));
    const blocked = lastBlocked(telemetry, found);
    const idle = telemetry.layers.flatMap(({ name }, layer) =>
      layer > blocked && !explained.has(name) && isIdle(telemetry, layer) ? [name] : [],
    );
    if (idle.length === 0) return [];
    const standsStill = range(telemetry.steps).every((step) => telemetry.step(step, 'learningRate') === 0);
    return [
      {
        severity: 'error',
        layers: idle,
        value: 0,
        message: standsStill
          ? t('Nothing is updated: the learning rate is 0 in all {0} steps.', telemetry.steps)
          : t(
              'Weights do not change: {0} got no update in {1} steps. The loss does not depend on them, or their gradient is cut off (detach, no_grad, an unused branch).',
              names(idle, t),
              telemetry.steps,
            ),
      },
    ];
  },
};

const isIdle = (telemetry: Telemetry, layer: number): boolean =>
  range(telemetry.steps).every((step) => telemetry.weights(step, layer)?.updateNorm === 0);

/** The loss itself sends nothing back: it is at its minimum. */
function isAtRest(telemetry: Telemetry): boolean {
  const sent = telemetry.layers.map((_, layer) => telemetry.activation(0, layer, 'gradientMaxAbs'));
  const measured = sent.filter(Number.isFinite);
  return measured.length > 0 && measured.every((largest) => largest === 0);
}

/** Index of the last layer in which no unit fires: nothing before it can receive a gradient. −1 where there is none. */
function lastBlocked(telemetry: Telemetry, found: readonly { symptom: string; value: number }[]): number {
  if (!found.some(({ symptom, value }) => symptom === 'dead-units' && value >= 1)) return -1;
  const last = telemetry.steps - 1;
  return telemetry.layers.reduce(
    (latest, _, layer) => (telemetry.activation(last, layer, 'deadShare') >= 1 ? layer : latest),
    -1,
  );
}
