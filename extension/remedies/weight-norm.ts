import { z } from 'zod';
import type { Value } from '../onnx/builder';
import { numbers } from '../onnx/tensor';
import { newParameter } from './insertion';
import { parametrizationOf, parametrize } from './parametrization';
import { examine } from './anatomy';
import { defineRemedy, DoesNotFit } from './remedy';
import { inUnits } from './units';

/**
 * `nn.utils.parametrizations.weight_norm`: w = g·v/‖v‖ with one g per output feature (axis 0 of PyTorch's layout), both
 * trained (Salimans and Kingma, 2016). At the start w is what it was.
 */
export const weightNorm = defineRemedy({
  id: 'weight-norm',
  family: 'normalization',
  tier: 'architecture',
  against: ['exploding-gradient', 'vanishing-gradient', 'poor-initialization', 'oscillating-loss'],
  parameters: z.strictObject({}),
  editSize: 2,
  changesNetwork: true,
  transform(patient, _parameters, units) {
    const { graph, g } = patient;
    const layers = examine(patient).weights.filter(
      ({ layer, outputFirst, kind }) => inUnits(layer, units) && (outputFirst || kind === 'conv-transpose'),
    );
    if (layers.length === 0) throw new DoesNotFit('The model has no linear or convolution weight in PyTorch’s layout.');
    for (const layer of layers) {
      const stored = graph.initializers.get(layer.weight)!;
      const rows = stored.shape[0]!;
      const values = numbers(stored);
      const length = values.length / rows;
      const norms = Array.from({ length: rows }, (_, row) =>
        Math.hypot(...values.slice(row * length, (row + 1) * length)),
      );
      parametrize(patient, layer, 'original1', (direction: Value) => {
        const shape = stored.shape.map((size, axis) => (axis === 0 ? size : 1));
        const magnitude = newParameter(patient, `${parametrizationOf(layer.weight)}.original0`, shape, norms);
        const axes = [...stored.shape.keys()].slice(1);
        const norm = g.sqrt(g.sum(g.mul(direction, direction), axes, true));
        return g.mul(direction, g.div(magnitude, norm));
      });
    }
  },
});
