import type { ClassValue, Instance, Op } from '../values';
import type { Problem, Rule, RuleContext } from './rule';

/** A network repeats its blocks: a class is looked at in so many places, and not in hundreds. */
const mostBlocks = 16;

/** Attention mixes values and loses scale and position of its input; the residual carries them past it, the norm evens them out. */
export const transformerBlock: Rule = {
  code: 'GD404',
  name: 'transformer-block-without-residual-or-norm',
  severity: 'warning',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    const seen = new Set<number>();
    const looked = new Map<ClassValue | undefined, number>();
    for (const attention of context.trace.ops) {
      if (!isAttention(attention, context)) continue;
      const innermost = attention.modules.at(-1)?.class;
      const times = looked.get(innermost) ?? 0;
      if (times >= mostBlocks) continue;
      looked.set(innermost, times + 1);
      const block = blockOf(context, attention);
      if (!block || block.module.class.scope.file !== context.file) continue;
      const { node } = block.module.class;
      const at = context.file.source.text.indexOf(node.name, node.from);
      if (seen.has(at) || block.ops.some(({ category }) => category === 'unknown' || category === 'choice')) continue;
      const residual = hasResidual(context, attention, block.ops);
      const normalized = block.ops.some(({ category }) => category === 'normalization');
      if (residual && normalized) continue;
      seen.add(at);
      const missing = [...(residual ? [] : ['a residual connection']), ...(normalized ? [] : ['layer normalization'])];
      yield {
        at: { from: at, to: at + node.name.length },
        message: `This transformer block has attention and a feed-forward part, but not ${missing.join(' nor ')}.`,
      };
    }
  },
};

/** An attention layer, PyTorch's attention function, or softmax of a product times a product. */
const isAttention = (op: Op, { flow }: RuleContext): boolean => {
  if (op.category === 'attention') return op.layer === undefined || op.layer.type === 'MultiheadAttention';
  if (op.category !== 'matmul') return false;
  return op.inputs.some((input) => {
    let at: Op | undefined = input;
    while (at && (at.category === 'pass' || at.category === 'scale')) at = at.inputs[0];
    return at?.category === 'softmax' && flow.reaches(at, ({ category }) => category === 'matmul');
  });
};

/** The innermost module that holds the attention and, after it, two linear layers with an activation between them. */
const blockOf = ({ flow }: RuleContext, attention: Op): { module: Instance; ops: readonly Op[] } | undefined => {
  for (const module of attention.modules.toReversed()) {
    const ops = flow.inside(module);
    const feedForward = ops.some((op) => {
      if (op.category !== 'weights' || op.id < attention.id) return false;
      const activation = flow.before(op);
      return (
        (activation?.category === 'activation' || activation?.category === 'merge') &&
        flow.before(activation)?.category === 'weights' &&
        flow.reaches(activation, (other) => other === attention)
      );
    });
    if (feedForward) return { module, ops: sameCall(ops, attention, module) };
  }
  return undefined;
};

/** The ops of the one call of the module in which the attention runs. */
const sameCall = (ops: readonly Op[], attention: Op, module: Instance): readonly Op[] =>
  ops.filter((op) => op.modules[op.modules.indexOf(module)] === module && Math.abs(op.id - attention.id) < 4000);

/** An addition that joins what came out of the attention with what went in. */
const hasResidual = ({ flow }: RuleContext, attention: Op, ops: readonly Op[]): boolean => {
  const into = flow.ancestors(attention);
  return ops.some((op) => {
    if (op.category !== 'merge' || op.inputs.length < 2 || op === attention) return false;
    const after = op.inputs.filter((input) => flow.reaches(input, (other) => other === attention));
    const past = op.inputs.filter((input) => !after.includes(input) && into.has(input));
    const around = op.inputs.filter(
      (input) => !after.includes(input) && [...flow.ancestors(input)].some((each) => into.has(each)),
    );
    return after.length > 0 && (past.length > 0 || around.length > 0);
  });
};
