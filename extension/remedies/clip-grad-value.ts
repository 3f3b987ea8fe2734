import { z } from 'zod';
import { defineRemedy } from './remedy';

/** Clamps every element of every gradient to ±`clip_value`. */
export const clipGradValue = defineRemedy({
  id: 'clip-grad-value',
  family: 'clipping',
  tier: 'optimizer',
  against: ['exploding-gradient', 'non-finite', 'exploding-through-time', 'oscillating-loss', 'update-ratio'],
  parameters: z.strictObject({ clip_value: z.number().positive().default(0.5) }),
  editSize: 1,
  changesNetwork: false,
  configure: (experiment, { clip_value }) => ({ ...experiment, clipping: { kind: 'value', limit: clip_value } }),
});
