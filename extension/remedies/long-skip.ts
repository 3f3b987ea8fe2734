import { z } from 'zod';
import { sameShape, type Value } from '../onnx/builder';
import { insertAfter } from './insertion';
import { examine, type Block } from './anatomy';
import { defineRemedy, DoesNotFit } from './remedy';
import { tidy } from './rewrite';
import { project } from './skip-placement';
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
    const pairs = mirrored(examine(patient).blocks.filter(({ weights }) => inUnits(weights.layer, units)));
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

/** How far apart two blocks must be for a skip between them to be a long one. */
const minimumDistance = 3;

/** Pairs of blocks of equal output shape, nested like brackets, the outermost first. */
function mirrored(candidates: readonly Block[]): [Block, Block][] {
  const pairs: [Block, Block][] = [];
  let end = candidates.length - 1;
  for (let start = 0; start + minimumDistance <= end; start++) {
    const partner = lastLike(candidates, candidates[start]!.output, start + minimumDistance, end);
    if (partner === undefined) continue;
    pairs.push([candidates[start]!, candidates[partner]!]);
    end = partner - 1;
  }
  return pairs;
}

function lastLike(candidates: readonly Block[], { shape }: Value, from: number, to: number): number | undefined {
  for (let i = to; i >= from; i--) if (sameShape(candidates[i]!.output.shape, shape)) return i;
  return undefined;
}
