import { z } from 'zod';
import { defineRemedy } from './remedy';

/** The learning rate multiplied by `factor`, where steps are too small to get anywhere. */
export const raiseLr = defineRemedy({
  id: 'raise-lr',
  family: 'learning-rate',
  tier: 'optimizer',
  against: ['update-ratio', 'loss-not-decreasing'],
  parameters: z.strictObject({ factor: z.number().min(1).default(10) }),
  editSize: 1,
  changesNetwork: false,
  configure: (experiment, { factor }) => ({
    ...experiment,
    optimizer: { ...experiment.optimizer, lr: experiment.optimizer.lr * factor },
  }),
});
