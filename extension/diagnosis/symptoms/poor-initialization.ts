import type { Telemetry } from '../../protocol/telemetry';
import { weightLayers } from '../depth-profile';
import { isProgressing } from '../progress';
import { number } from '../sentence';
import { median, range } from '../statistics';
import type { Symptom } from '../symptom';

/** Before these the weights are still those of the initialization, all but. */
const firstSteps = 3;

/** The spread of what the layers put out grows or shrinks with depth before training has done anything. */
export const poorInitialization: Symptom = {
  id: 'poor-initialization',
  threshold: 10,
  reference: 'SageMaker Debugger (PoorWeightInitialization)',
  detect: ({ telemetry, threshold }) => {
    const points = weightLayers(telemetry)
      .map((layer) => ({ layer: telemetry.layers[layer]!.name, std: initialDeviation(telemetry, layer) }))
      // A layer of zeros is often meant so, and has no scale to compare.
      .filter(({ std }) => std > 0);
    if (points.length < 3) return [];
    const quarter = Math.max(1, Math.floor(points.length / 4));
    const typical = (some: typeof points): number => median(some.map(({ std }) => std));
    const first = typical(points.slice(0, quarter));
    const last = typical(points.slice(-quarter));
    const ratio = Math.max(first / last, last / first);
    if (!(ratio > threshold)) return [];
    const away = ({ std }: { std: number }): number => Math.abs(Math.log(std / first));
    const course = `from ${number(first)} in the first layers to ${number(last)} in the last`;
    return [
      {
        severity: isProgressing(telemetry) ? 'information' : 'warning',
        layers: points
          .filter((point) => away(point) > Math.log(threshold))
          .sort((a, b) => away(b) - away(a))
          .map(({ layer }) => layer),
        value: ratio,
        message: `The initial weights do not keep the scale of the activations: their standard deviation ${last > first ? 'grows' : 'shrinks'} ${course}.`,
      },
    ];
  },
};

function initialDeviation(telemetry: Telemetry, layer: number): number {
  const deviations = range(Math.min(firstSteps, telemetry.steps)).map((step) =>
    telemetry.activation(step, layer, 'std'),
  );
  return median(deviations.filter(Number.isFinite));
}
