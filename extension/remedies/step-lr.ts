import { z } from 'zod';
import { scheduleRemedy } from './schedule-remedy';

/** `StepLR`: the learning rate times gamma after every step_size units. */
export const stepLr = scheduleRemedy(
  'step-lr',
  ['oscillating-loss', 'update-ratio'],
  z.strictObject({
    step_size: z.number().int().positive().default(30),
    gamma: z.number().positive().max(1).default(0.1),
    unit: z.enum(['step', 'epoch']).default('epoch'),
  }),
);
