import { z } from 'zod';
import { float, type Value } from '../onnx/builder';
import { insertAfter, newParameter } from './insertion';
import { examine } from './anatomy';
import type { Patient } from './patient';
import { recurrentLayers } from './recurrent-layers';
import { defineRemedy, DoesNotFit } from './remedy';
import { tidy } from './rewrite';
import { inUnits } from './units';

/** `nn.LayerNorm` over the features, after each hidden linear layer and each recurrent layer's sequence (Ba et al., 2016). */
export const layerNorm = defineRemedy({
  id: 'layer-norm',
  family: 'normalization',
  tier: 'architecture',
  against: [
    'vanishing-gradient',
    'exploding-gradient',
    'poor-initialization',
    'saturated-units',
    'dead-units',
    'non-finite',
    'vanishing-through-time',
    'exploding-through-time',
    'no-update',
  ],
  parameters: z.strictObject({ eps: z.number().positive().default(1e-5) }),
  editSize: 4,
  changesNetwork: true,
  transform(patient, { eps }, units) {
    const { blocks, isNormalized } = examine(patient);
    const linear = blocks
      .map(({ weights }) => weights)
      .filter((weights) => weights.kind === 'linear' && inUnits(weights.layer, units) && !isNormalized(weights))
      .map(({ layer, output }) => ({ layer, output }));
    const recurrent = recurrentLayers(patient)
      .filter(({ layer, sequence }) => sequence && inUnits(layer, units))
      .map(({ layer, sequence }) => ({ layer, output: sequence! }));
    const places = [...linear, ...recurrent];
    if (places.length === 0)
      throw new DoesNotFit(
        'No hidden linear or recurrent layer without normalization (after convolutions, use batch-norm).',
      );
    for (const { layer, output } of places)
      insertAfter(patient, output, `${layer}.norm`, (x) => normalizeFeatures(patient, x, `${layer}.norm`, eps));
    tidy(patient.graph);
  },
});

/** `nn.LayerNorm(x.shape[-1])` with its two trained vectors. */
export function normalizeFeatures(patient: Patient, x: Value, name: string, eps = 1e-5): Value {
  const features = x.shape.at(-1)!;
  const scale = newParameter(patient, `${name}.weight`, [features], 1);
  const shift = newParameter(patient, `${name}.bias`, [features], 0);
  return patient.g.op('LayerNormalization', [x, scale, shift], { axis: -1, epsilon: float(eps) }, x);
}
