/** What the remedies that are learning-rate schedules share; the schedules themselves are in training/. */
import type { z } from 'zod';
import type { SymptomId } from '../protocol/finding';
import { defineRemedy, type Remedy, type RemedyParameters } from './remedy';

export const scheduleRemedy = <P extends RemedyParameters>(
  id: string,
  against: readonly SymptomId[],
  parameters: z.ZodType<P>,
): Remedy =>
  defineRemedy<P>({
    id,
    family: 'learning-rate',
    tier: 'fine-tuning',
    against,
    parameters,
    editSize: 2,
    changesNetwork: false,
    isSchedule: true,
    configure: (experiment, values) => ({ ...experiment, schedule: { id, parameters: values } }),
  });
