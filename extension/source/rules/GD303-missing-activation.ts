import { activationAfterFix } from '../edits/activation';
import { isLinearPass } from '../flow';
import { configConstant, numberArgument, type Op } from '../values';
import { isHere, originOf, type Problem, type Rule, type RuleContext } from './rule';

/** Two linear maps in a row are one linear map: the second adds depth and cost, no expressiveness. */
export const missingActivation: Rule = {
  code: 'GD303',
  name: 'missing-activation',
  severity: 'information',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const seen = new Set<number>();
    for (const op of context.trace.ops) {
      if (!isLinear(op)) continue;
      const first = linearBefore(context, op);
      if (!first || isLowRank(first, op)) continue;
      const site = originOf(first);
      if (!isHere(context, site) || seen.has(site.from)) continue;
      // A layer used elsewhere with an activation after it is used here as it is on purpose.
      if (
        first.layer &&
        context.flow.uses(first.layer).some((other) => context.flow.after(other)?.category === 'activation')
      )
        continue;
      seen.add(site.from);
      const edits = activationAfterFix(context.file, first, context.framework);
      yield {
        at: site,
        message: `Two linear layers with nothing between them compute no more than one.`,
        fixes: edits
          ? [{ title: 'Add a ReLU after this layer', safe: false, changesNetwork: true, remedy: 'relu', edits }]
          : [],
      };
    }
  },
};

const isLinear = (op: Op): op is Op & { layer: NonNullable<Op['layer']> } =>
  op.category === 'weights' && op.layer !== undefined && /^(Linear|dense)$/.test(op.layer.type);

const linearBefore = ({ flow }: RuleContext, op: Op): Op | undefined => {
  let at = op;
  for (;;) {
    const [input, ...others] = at.inputs;
    if (!input || others.length > 0 || flow.consumers(input).length > 1) return undefined;
    if (isLinear(input)) return input.layer === op.layer ? undefined : input;
    if (!isLinearPass(input)) return undefined;
    at = input;
  }
};

/** A narrow layer between two wide ones is a factorization: two linear maps on purpose. Widths not known may be that. */
const isLowRank = (first: Op, second: Op): boolean => {
  const width = units(first);
  const inputs = first.layer && numberArgument(first.layer.call, 'in_features', 0);
  const outputs = units(second);
  return outputs === undefined || width === undefined || (width < (inputs ?? Infinity) && width < outputs);
};

const units = ({ layer }: Op): number | undefined => {
  if (!layer) return undefined;
  if (layer.type !== 'dense') return numberArgument(layer.call, 'out_features', 1);
  const value = configConstant(layer.call, 'units');
  return typeof value === 'number' ? value : undefined;
};
