import { z } from 'zod';
import { scheduleRemedy } from './schedule-remedy';

/** `ExponentialLR`: the learning rate times gamma, every unit. */
export const exponentialLr = scheduleRemedy(
  'exponential-lr',
  ['oscillating-loss', 'update-ratio'],
  z.strictObject({
    gamma: z.number().positive().max(1).default(0.95),
    unit: z.enum(['step', 'epoch']).default('epoch'),
  }),
);
