import { z } from 'zod';
import { defineRemedy } from './remedy';

/** The learning rate multiplied by `factor`. */
export const lowerLr = defineRemedy({
  id: 'lower-lr',
  family: 'learning-rate',
  tier: 'optimizer',
  against: [
    'exploding-gradient',
    'non-finite',
    'oscillating-loss',
    'loss-not-decreasing',
    'dead-units',
    'update-ratio',
  ],
  parameters: z.strictObject({ factor: z.number().positive().max(1).default(0.1) }),
  editSize: 1,
  changesNetwork: false,
  configure: (experiment, { factor }) => ({
    ...experiment,
    optimizer: { ...experiment.optimizer, lr: experiment.optimizer.lr * factor },
  }),
});
