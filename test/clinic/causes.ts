/** Which symptoms are accepted as seeing what is wrong, for each fault that draw.py gives a network. */
import type { SymptomId } from '../../extension/protocol/finding';

/** Any of these says that the gradient does not arrive where it is needed. */
const starved: readonly SymptomId[] = ['vanishing-gradient', 'no-update', 'poor-initialization'];

export const acceptedSymptoms = {
  'saturating-stack': [...starved, 'saturated-units'],
  'scale-down': starved,
  'scale-up': ['exploding-gradient', 'non-finite', 'poor-initialization', 'saturated-units'],
  'missing-skip': starved,
  'missing-normalization': [
    ...starved,
    'exploding-gradient',
    'non-finite',
    'dead-units',
    'saturated-units',
    'update-ratio',
    'oscillating-loss',
  ],
  'rate-too-high': [
    'update-ratio',
    'oscillating-loss',
    'non-finite',
    'exploding-gradient',
    'dead-units',
    'saturated-units',
  ],
  'rate-too-low': ['update-ratio'],
  'dying-relu': ['dead-units', 'no-update'],
  'constant-init': ['poor-initialization', 'vanishing-gradient', 'no-update'],
  'softmax-before-loss': ['softmax-before-loss'],
  'long-sequence': ['vanishing-through-time'],
  'exploding-recurrence': ['exploding-through-time', 'exploding-gradient', 'non-finite', 'saturated-units'],
} as const satisfies Readonly<Record<string, readonly SymptomId[]>>;

export type Cause = keyof typeof acceptedSymptoms;
