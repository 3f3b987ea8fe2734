import type { Op } from '../values';
import { isHere, originOf, type Fix, type Problem, type Rule, type RuleContext } from './rule';
import { activationFix } from '../edits/activation';
import { plainChains } from './plain-chain';

const fewestLayers = 4;
/**
 * A tanh passes on about as much of a gradient as a quarter of a sigmoid takes, in logarithms: at PyTorch's default
 * initialization the gradient of the first layer falls below a thousandth with 4 sigmoid layers, and with 16 of tanh.
 */
const tanhInSigmoids = 1 / 4;

/** A sigmoid passes on at most a quarter of a gradient, a saturated tanh next to nothing: four in a row leave little of it. */
export const saturatingStack: Rule = {
  code: 'GD301',
  name: 'saturating-stack',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const chains = plainChains(context.flow);
    const longest = new Map<Op, readonly Op[]>();
    for (const { saturating } of chains.values()) {
      const [first] = saturating;
      if (first && saturating.length > (longest.get(first)?.length ?? 0)) longest.set(first, saturating);
    }
    const reported = new Set<number>();
    for (const saturating of longest.values()) {
      if (saturating.length < fewestLayers) continue;
      const sites = saturating.map(originOf).filter((site) => isHere(context, site));
      const [first] = sites;
      if (!first || sites.some(({ from }) => reported.has(from))) continue;
      for (const { from } of sites) reported.add(from);
      const sigmoids = saturating.reduce(
        (sum, { name }) => sum + (/tanh|softsign/i.test(name) ? tanhInSigmoids : 1),
        0,
      );
      const vanishes = sigmoids >= fewestLayers;
      const names = [...new Set(saturating.map(({ name }) => name.toLowerCase()))].join(' and ');
      yield {
        at: first,
        message: `${saturating.length} ${names} layers in a row without normalization or a skip: ${vanishes ? 'their gradients vanish' : 'each of them shrinks the gradient'}.`,
        ...(vanishes ? {} : { severity: 'information' as const }),
        fixes: replaceAll(context, saturating),
      };
    }
  },
};

const replaceAll = (context: RuleContext, saturating: readonly Op[]): Fix[] => {
  // The last one may be the network's output, which has its range for a reason.
  const hidden = saturating.filter((op) => context.flow.after(op) !== undefined);
  const edits = activationFix(context.file, hidden.length >= fewestLayers - 1 ? hidden : saturating, 'relu', {});
  return edits
    ? [{ title: 'Use ReLU in the hidden layers', safe: false, changesNetwork: true, remedy: 'relu', edits }]
    : [];
};
