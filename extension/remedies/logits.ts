import { z } from 'zod';
import { endingSoftmax } from '../training/softmax-before-loss';
import { defineRemedy, DoesNotFit } from './remedy';

/** The softmax or sigmoid that ends the model is taken out, where the loss applies one itself. */
export const logits = defineRemedy({
  id: 'logits',
  family: 'output',
  tier: 'architecture',
  against: ['softmax-before-loss'],
  parameters: z.strictObject({}),
  editSize: 1,
  changesNetwork: true,
  transform({ graph, loss }) {
    const ending = endingSoftmax(graph, graph.outputs[0]!.name, loss);
    if (!ending) throw new DoesNotFit('The model does not end in a softmax or sigmoid that the loss applies again.');
    // The output keeps its name.
    ending.opType = 'Identity';
    ending.attributes = {};
  },
});
