import { z } from 'zod';
import { sizeOf } from '../onnx/tensor';
import { gain } from './fans';
import { xavierDeviation, uniformDraws, reinitialize } from './initialization';
import { defineRemedy } from './remedy';

/** `nn.init.xavier_uniform_(weight, gain=calculate_gain(activation))` (Glorot and Bengio, 2010). */
export const xavierUniform = defineRemedy({
  id: 'xavier-uniform',
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
      uniformDraws(patient, sizeOf(layer.shape), xavierDeviation(layer, gain(activation))),
    );
  },
});
