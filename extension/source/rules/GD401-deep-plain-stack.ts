import type { Op } from '../values';
import { plainChains } from './plain-chain';
import type { Problem, Rule } from './rule';
import { isNormalized } from './weights';
import { networkSpan } from './whole-network';

const fewestLayers = 16;
/** With normalization 18 plain layers train as well as residual ones, and 34 do not (He et al., 2016, table 2). */
const fewestNormalizedLayers = 30;

/** Past some sixteen layers a plain stack trains worse than a shallower one: the gradient needs a shorter way. */
export const deepPlainStack: Rule = {
  code: 'GD401',
  name: 'deep-plain-stack',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    if (context.found('GD301').length > 0) return;
    const longest = new Map<Op, readonly Op[]>();
    for (const { weights } of plainChains(context.flow).values()) {
      const [first] = weights;
      if (first && weights.length > (longest.get(first)?.length ?? 0)) longest.set(first, weights);
    }
    const seen = new Set<number>();
    for (const [first, weights] of longest) {
      const { length } = weights;
      const at = length >= fewestLayers ? networkSpan(context, first) : undefined;
      if (!at || seen.has(at.from)) continue;
      seen.add(at.from);
      const normalized = weights.filter((op) => isNormalized(context.flow, op)).length;
      const trains = normalized > length / 2 && length < fewestNormalizedLayers;
      yield {
        at,
        message: `${length} weight layers in a row without a skip connection: ${trains ? 'only normalization keeps them trainable' : 'hard to train at this depth'}.`,
        ...(trains ? { severity: 'information' as const } : {}),
      };
    }
  },
};
