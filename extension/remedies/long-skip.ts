import { z } from 'zod';
import { sameShape } from '../onnx/builder';
import { insertAfter } from './insertion';
import { examine, type Block } from './anatomy';
import { defineRemedy, DoesNotFit } from './remedy';
import { tidy } from './rewrite';
import { mirrored, ofOneContainer, project } from './skip-placement';
import { inUnits } from './units';

/**
 * Skips between distant hidden values of equal shape, the first to the last and so on inwards, as U-Net joins encoder
 * and decoder (Ronneberger et al., 2015): added, or concatenated and brought back to width by a trained linear map.
 */
export const longSkip = defineRemedy({
  id: 'long-skip',
  family: 'skip',
  tier: 'architecture',
  against: ['vanishing-gradient', 'no-update', 'loss-not-decreasing'],
  parameters: z.strictObject({ mode: z.enum(['add', 'concat']).default('add') }),
  editSize: 4,
  changesNetwork: true,
  transform(patient, { mode }, units) {
    const blocks = examine(patient).blocks.filter(({ weights }) => inUnits(weights.layer, units));
    const alike = (early: Block, late: Block): boolean => sameShape(early.output.shape, late.output.shape);
    const pairs = mirrored(
      ofOneContainer(blocks, ({ weights }) => containerOf(weights.layer)),
      alike,
    );
    if (pairs.length === 0)
      throw new DoesNotFit('No two hidden layers three or more apart have outputs of equal shape.');
    const { g } = patient;
    for (const [early, late] of pairs) {
      const layer = `${late.weights.layer}.skip`;
      insertAfter(patient, late.output, layer, (y) => {
        if (mode === 'add') return g.add(y, early.output);
        const axis = y.shape.length > 3 ? 1 : y.shape.length - 1;
        return project(patient, g.concat([y, early.output], axis), y.shape, layer)!;
      });
    }
    tidy(patient.graph);
  },
});

/** `layers` of `layers.3`. */
const containerOf = (layer: string): string | undefined => /^(.+)\.\d+$/.exec(layer)?.[1];
