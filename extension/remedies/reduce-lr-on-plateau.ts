import { z } from 'zod';
import { scheduleRemedy } from './schedule-remedy';

/** `ReduceLROnPlateau`: the learning rate times factor once the loss has not improved for `patience` units. */
export const reduceLrOnPlateau = scheduleRemedy(
  'reduce-lr-on-plateau',
  ['oscillating-loss', 'loss-not-decreasing', 'update-ratio'],
  z.strictObject({
    factor: z.number().positive().lt(1).default(0.1),
    patience: z.number().int().min(0).default(10),
    unit: z.enum(['step', 'epoch']).default('epoch'),
  }),
);
