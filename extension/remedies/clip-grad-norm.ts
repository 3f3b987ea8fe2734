import { z } from 'zod';
import { defineRemedy } from './remedy';

/** Scales all gradients together so that their global L2 norm is at most `max_norm` (Pascanu et al., 2013). */
export const clipGradNorm = defineRemedy({
  id: 'clip-grad-norm',
  family: 'clipping',
  tier: 'optimizer',
  against: ['exploding-gradient', 'non-finite', 'exploding-through-time', 'oscillating-loss', 'update-ratio'],
  parameters: z.strictObject({ max_norm: z.number().positive().default(1) }),
  editSize: 1,
  changesNetwork: false,
  configure: (experiment, { max_norm }) => ({ ...experiment, clipping: { kind: 'norm', limit: max_norm } }),
});
