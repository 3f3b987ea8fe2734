import { removeOp } from '../edits/removal';
import { activationName } from '../pytorch-names';
import { configEntry, itemsOf, type Op } from '../values';
import { isHere, originOf, type Problem, type Rule, type RuleContext } from './rule';
import { eventsOf } from './training-pass';

/** Losses that take logits: which argument, and the function that they apply themselves. */
const logitLosses: Readonly<Record<string, { argument: number; applies: 'softmax' | 'sigmoid' }>> = {
  CrossEntropyLoss: { argument: 0, applies: 'softmax' },
  cross_entropy: { argument: 0, applies: 'softmax' },
  BCEWithLogitsLoss: { argument: 0, applies: 'sigmoid' },
  binary_cross_entropy_with_logits: { argument: 0, applies: 'sigmoid' },
  MultiLabelSoftMarginLoss: { argument: 0, applies: 'sigmoid' },
  multilabel_soft_margin_loss: { argument: 0, applies: 'sigmoid' },
  softmaxCrossEntropy: { argument: 1, applies: 'softmax' },
  sigmoidCrossEntropy: { argument: 1, applies: 'sigmoid' },
};

/** Applied twice, a softmax is squashed to nearly equal probabilities, and so is its gradient. */
export const softmaxBeforeLoss: Rule = {
  code: 'GD302',
  name: 'softmax-before-loss',
  severity: 'error',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const seen = new Set<number>();
    for (const { squashed, loss, applies } of [...lossesOf(context), ...compiledLosses(context)]) {
      const site = isHere(context, originOf(squashed)) ? originOf(squashed) : squashed.site;
      if (!isHere(context, site) || seen.has(site.from)) continue;
      seen.add(site.from);
      const edits = removeOp(context.file, squashed);
      const name = squashed.category === 'softmax' ? 'softmax' : 'sigmoid';
      yield {
        at: site,
        message: `${loss} applies a ${applies} itself: this ${name} before it squashes the gradients.`,
        fixes: edits ? [{ title: `Remove the ${name}: the loss takes logits`, safe: false, edits }] : [],
      };
    }
  },
};

interface Found {
  squashed: Op;
  loss: string;
  applies: string;
}

function* lossesOf({ trace }: RuleContext): Generator<Found> {
  for (const op of trace.ops) {
    if (op.category !== 'loss') continue;
    const rule = logitLosses[op.name];
    if (!rule) continue;
    const squashed = squashedInput(op.inputs[rule.argument], rule.applies);
    if (squashed) yield { squashed, loss: op.name, applies: rule.applies };
  }
}

/** The softmax or sigmoid whose result is the loss's input. A log-softmax does no harm: the softmax of it is the same. */
const squashedInput = (input: Op | undefined, applies: 'softmax' | 'sigmoid'): Op | undefined => {
  let at = input;
  while (at && at.category === 'pass') at = at.inputs[0];
  if (!at) return undefined;
  const isSoftmax = at.category === 'softmax' && !/log|gumbel/i.test(at.name);
  const isSigmoid = at.category === 'activation' && activationName(at.name) === 'sigmoid';
  if (applies === 'softmax') return isSoftmax ? at : undefined;
  return isSigmoid || isSoftmax ? at : undefined;
};

/** `model.compile({ loss: tf.losses.softmaxCrossEntropy })` of a model that ends in a softmax. */
function* compiledLosses({ trace }: RuleContext): Generator<Found> {
  for (const { call, target } of eventsOf(trace, 'compile')) {
    const loss = call && configEntry(call, 'loss')?.value;
    if (loss?.kind !== 'external' || target?.kind !== 'container') continue;
    const name = loss.path.slice(loss.path.lastIndexOf('.') + 1);
    const rule = logitLosses[name];
    const last = itemsOf(target).at(-1);
    const output = trace.ops.findLast((op) => op.layer === last);
    const squashed = rule && squashedInput(output, rule.applies);
    if (rule && squashed) yield { squashed, loss: name, applies: rule.applies };
  }
}
