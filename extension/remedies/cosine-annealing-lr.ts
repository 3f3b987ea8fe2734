import { z } from 'zod';
import { scheduleRemedy } from './schedule-remedy';

/** `CosineAnnealingLR`: half a cosine from the learning rate to eta_min over t_max units (Loshchilov and Hutter, 2017). */
export const cosineAnnealingLr = scheduleRemedy(
  'cosine-annealing-lr',
  ['oscillating-loss', 'update-ratio'],
  z.strictObject({
    t_max: z.number().int().positive().default(100),
    eta_min: z.number().min(0).default(0),
    unit: z.enum(['step', 'epoch']).default('step'),
  }),
);
