import { z } from 'zod';
import { scheduleRemedy } from './schedule-remedy';

/** `LinearLR`: the learning rate rises linearly from start_factor of itself over the first `steps` steps (Goyal et al., 2017). */
export const warmup = scheduleRemedy(
  'warmup',
  ['exploding-gradient', 'non-finite', 'oscillating-loss', 'loss-not-decreasing'],
  z.strictObject({
    steps: z.number().int().positive().default(10),
    start_factor: z.number().positive().max(1).default(0.1),
    unit: z.enum(['step', 'epoch']).default('step'),
  }),
);
