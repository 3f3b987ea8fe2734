import { z } from 'zod';
import { insertAfter } from './insertion';
import { defineRemedy, DoesNotFit } from './remedy';
import { tidy } from './rewrite';
import { currentInput, keepsShape, plainBlocks, plainSublayers, project } from './skip-placement';

/**
 * y = x + f(x) around each hidden block of a weight layer and its activation (He et al., 2016): the identity where the
 * block keeps the shape. With `projection`, a trained linear map elsewhere. In a transformer, around attention and
 * around the feed-forward pair, each with the norm before it.
 */
export const residual = defineRemedy({
  id: 'residual',
  family: 'skip',
  tier: 'architecture',
  against: ['vanishing-gradient', 'no-update', 'saturated-units', 'loss-not-decreasing'],
  parameters: z.strictObject({ projection: z.boolean().default(false) }),
  editSize: 3,
  changesNetwork: true,
  transform(patient, { projection }, units) {
    const sublayers = plainSublayers(patient, units);
    for (const { layer, entry, output } of sublayers)
      insertAfter(patient, output, `${layer}.skip`, (y) =>
        patient.g.add(patient.g.value(entry.node.inputs[entry.index]!), y),
      );
    if (sublayers.length > 0) {
      tidy(patient.graph);
      return;
    }
    const candidates = plainBlocks(patient, units);
    const same = candidates.filter(keepsShape);
    // Where no block keeps its shape, the projection is the only residual there is.
    const places = projection || same.length === 0 ? candidates : same;
    let added = 0;
    for (const block of places) {
      const layer = `${block.weights.layer}.skip`;
      const input = currentInput(patient, block);
      const skip = keepsShape(block)
        ? input
        : patient.g.at({ layer }, () => project(patient, input, block.output.shape, layer));
      if (!skip) continue;
      insertAfter(patient, block.output, layer, (y) => patient.g.add(y, skip));
      added++;
    }
    if (added === 0) throw new DoesNotFit('There is no hidden block that a skip could go around.');
    tidy(patient.graph);
  },
});
