import { z } from 'zod';
import { sizeOf } from '../onnx/tensor';
import { gain } from './fans';
import { xavierDeviation, normalDraws, reinitialize } from './initialization';
import { defineRemedy } from './remedy';

/** `nn.init.xavier_normal_(weight, gain=calculate_gain(activation))` (Glorot and Bengio, 2010). */
export const xavierNormal = defineRemedy({
  id: 'xavier-normal',
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
      normalDraws(patient, sizeOf(layer.shape), xavierDeviation(layer, gain(activation))),
    );
  },
});
