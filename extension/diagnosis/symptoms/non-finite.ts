import type { NonFiniteSource } from '../../protocol/run';
import type { Telemetry } from '../../protocol/telemetry';
import { names, plural } from '../sentence';
import { range } from '../statistics';
import type { Symptom } from '../symptom';

/** NaN or infinity in the loss, an activation or a gradient: the first step where, and the place it came from. */
export const nonFinite: Symptom = {
  id: 'non-finite',
  threshold: 0,
  reference: 'SageMaker Debugger (ExplodingTensor)',
  detect: ({ telemetry }) => {
    const bad = range(telemetry.steps).filter((step) => isBad(telemetry, step));
    const first = bad[0];
    if (first === undefined) return [];
    const { layers, where } = origin(telemetry, first);
    const node = operatorOf(telemetry.run.end?.nonFinite, first);
    const share = `${plural(bad.length, 'step')} of ${telemetry.steps}`;
    return [
      {
        severity: 'error',
        layers,
        value: bad.length,
        message: `Numbers stop being finite at step ${first}: ${where}${node} (${share} in all).`,
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
function origin(telemetry: Telemetry, step: number): { layers: string[]; where: string } {
  const matching = (test: (layer: number) => boolean): string[] =>
    telemetry.layers.flatMap(({ name }, layer) => (test(layer) ? [name] : []));
  const forward = matching((layer) => hasBadForward(telemetry, step, layer));
  if (forward.length > 0)
    return { layers: forward, where: `the forward pass overflows first in ${names(forward.slice(0, 1))}` };
  if (!Number.isFinite(telemetry.loss(step)))
    return {
      layers: telemetry.layers.slice(-1).map(({ name }) => name),
      where: 'the loss overflows though every activation is finite',
    };
  const backward = matching((layer) => hasBadBackward(telemetry, step, layer)).reverse();
  return { layers: backward, where: `the backward pass overflows first in ${names(backward.slice(0, 1))}` };
}

/** The operator that made the first such number, where the trainer found it. */
function operatorOf(source: NonFiniteSource | undefined, step: number): string {
  if (source?.step !== step) return '';
  const { phase, node, op, layer } = source;
  if (phase === 'update') return `; step ${step - 1} had made the weight "${node}" overflow`;
  const place = layer ? ` of ${layer}` : '';
  return `; the first operator is ${op} "${node}"${place}, in the ${phase === 'loss' ? 'loss' : `${phase} pass`}`;
}
