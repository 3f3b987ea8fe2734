import type { SymptomId } from '../protocol/finding';
import { text } from '../protocol/text';

/** What people call the symptoms. */
export const symptomNames: Readonly<Record<SymptomId, string>> = {
  'vanishing-gradient': text('Vanishing gradient'),
  'exploding-gradient': text('Exploding gradient'),
  'non-finite': text('Not finite'),
  'dead-units': text('Dead units'),
  'saturated-units': text('Saturated units'),
  'no-update': text('No update'),
  'loss-not-decreasing': text('Loss not decreasing'),
  'oscillating-loss': text('Oscillating loss'),
  'poor-initialization': text('Poor initialization'),
  'update-ratio': text('Update ratio'),
  'vanishing-through-time': text('Vanishing through time'),
  'exploding-through-time': text('Exploding through time'),
  'ineffective-clipping': text('Ineffective clipping'),
  'softmax-before-loss': text('Softmax before loss'),
};
