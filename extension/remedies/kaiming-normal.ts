import { z } from 'zod';
import { sizeOf } from '../onnx/tensor';
import { gain } from './fans';
import { kaimingDeviation, normalDraws, reinitialize } from './initialization';
import { defineRemedy } from './remedy';

/** `nn.init.kaiming_normal_(weight, nonlinearity=activation)`, fan-in mode (He et al., 2015). */
export const kaimingNormal = defineRemedy({
  id: 'kaiming-normal',
  family: 'initialization',
  tier: 'architecture',
  against: [
    'vanishing-gradient',
    'exploding-gradient',
    'poor-initialization',
    'saturated-units',
    'no-update',
    'non-finite',
  ],
  parameters: z.strictObject({}),
  editSize: 2,
  changesNetwork: false,
  transform(patient, _parameters, units) {
    reinitialize(patient, units, (layer, activation) =>
      normalDraws(patient, sizeOf(layer.shape), kaimingDeviation(layer, gain(activation))),
    );
  },
});
