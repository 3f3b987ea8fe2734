import type { Op } from '../values';
import { plainChains } from './plain-chain';
import type { Problem, Rule } from './rule';
import { networkSpan } from './whole-network';

const fewestLayers = 16;

/** Past some sixteen layers a plain stack trains worse than a shallower one: the gradient needs a shorter way. */
export const deepPlainStack: Rule = {
  code: 'GD401',
  name: 'deep-plain-stack',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    if (context.found('GD301').length > 0) return;
    const longest = new Map<Op, number>();
    for (const { weights } of plainChains(context.flow).values()) {
      const [first] = weights;
      if (first) longest.set(first, Math.max(longest.get(first) ?? 0, weights.length));
    }
    const seen = new Set<number>();
    for (const [first, length] of longest) {
      const at = length >= fewestLayers ? networkSpan(context, first) : undefined;
      if (!at || seen.has(at.from)) continue;
      seen.add(at.from);
      yield { at, message: `${length} weight layers in a row without a skip connection: hard to train at this depth.` };
    }
  },
};
