import type { NonFiniteSource } from '../../protocol/run';
import type { Telemetry } from '../../protocol/telemetry';
import type { Translate } from '../../protocol/text';
import { range } from '../statistics';
import type { Symptom } from '../symptom';

/** NaN or infinity in the loss, an activation or a gradient: the first step where, and the place it came from. */
export const nonFinite: Symptom = {
  id: 'non-finite',
  threshold: 0,
  reference: 'SageMaker Debugger (ExplodingTensor)',
  detect: ({ telemetry, t }) => {
    const bad = range(telemetry.steps).filter((step) => isBad(telemetry, step));
    const first = bad[0];
    if (first === undefined) return [];
    const { layers, where } = origin(telemetry, first, t);
    const operator = operatorOf(telemetry.run.end?.nonFinite, first, t);
    return [
      {
        severity: 'error',
        layers,
        value: bad.length,
        message: t(
          'Numbers stop being finite at step {0} ({1} of {2} steps in all): {3}',
          first,
          bad.length,
          telemetry.steps,
          operator ? `${where} ${operator}` : where,
        ),
      },
    ];
  },
};

const hasBadForward = (telemetry: Telemetry, step: number, layer: number): boolean =>
  !Number.isFinite(telemetry.activation(step, layer, 'mean'));

/** A count that was not measured is NaN, and is not counted. */
const hasBadBackward = (telemetry: Telemetry, step: number, layer: number): boolean =>
  telemetry.activation(step, layer, 'gradientNonFinite') > 0 || (telemetry.weights(step, layer)?.nonFinite ?? 0) > 0;

const isBad = (telemetry: Telemetry, step: number): boolean =>
  !Number.isFinite(telemetry.loss(step)) ||
  telemetry.layers.some((_, layer) => hasBadForward(telemetry, step, layer) || hasBadBackward(telemetry, step, layer));

/** Forward, the first layer that has them; backward, the one nearest to the loss. */
function origin(telemetry: Telemetry, step: number, t: Translate): { layers: string[]; where: string } {
  const matching = (test: (layer: number) => boolean): string[] =>
    telemetry.layers.flatMap(({ name }, layer) => (test(layer) ? [name] : []));
  const forward = matching((layer) => hasBadForward(telemetry, step, layer));
  if (forward.length > 0) return { layers: forward, where: t('the forward pass overflows first in {0}.', forward[0]!) };
  if (!Number.isFinite(telemetry.loss(step)))
    return {
      layers: telemetry.layers.slice(-1).map(({ name }) => name),
      where: t('the loss overflows though every activation is finite.'),
    };
  const backward = matching((layer) => hasBadBackward(telemetry, step, layer)).reverse();
  return { layers: backward, where: t('the backward pass overflows first in {0}.', backward[0] ?? '') };
}

/** The operator that made the first such number, where the trainer found it. */
function operatorOf(source: NonFiniteSource | undefined, step: number, t: Translate): string {
  if (source?.step !== step) return '';
  const { phase, node, op = '', layer } = source;
  if (phase === 'update') return t('Step {0} had made the weight "{1}" overflow.', step - 1, node);
  const named = layer ? t('{0} "{1}" of {2}', op, node, layer) : `${op} "${node}"`;
  if (phase === 'loss') return t('The first operator is {0}, in the loss.', named);
  return phase === 'forward'
    ? t('The first operator is {0}, in the forward pass.', named)
    : t('The first operator is {0}, in the backward pass.', named);
}
