/** The structure of a network as its source tells it, like `anatomy.ts` reads it from a model. */
import { activationName } from '../../source/pytorch-names';
import type { Op } from '../../source/values';
import type { Code } from './code';

/** Ops that the program trains: not those of losses, and each only once per place. */
const leadsTo = (code: Code, op: Op, fits: (op: Op) => boolean): boolean => {
  const seen = new Set<Op>();
  const queue = [...code.flow.consumers(op)];
  for (let at = queue.pop(); at; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (at.category === 'loss') continue;
    if (fits(at)) return true;
    queue.push(...code.flow.consumers(at));
  }
  return false;
};

const isTrained = ({ category }: Op): boolean =>
  category === 'weights' || category === 'recurrent' || category === 'attention';

/** Whether a value scales another one: a gate of a highway layer, squeeze-and-excite. */
const isGate = (code: Code, op: Op): boolean =>
  code.flow
    .consumers(op)
    .some(({ category, name, inputs }) => category === 'merge' && /^(mul|multiply)/.test(name) && inputs.length > 1);

/** An activation between layers: not an output's, not a gate's. */
export const isHiddenActivation = (code: Code, op: Op): boolean =>
  op.category === 'activation' && !isGate(code, op) && leadsTo(code, op, isTrained);

/** The activations of a program that a remedy may change. */
export const hiddenActivations = (code: Code): Op[] =>
  code.trace.ops.filter((op) => code.includesOp(op) && isHiddenActivation(code, op));

export const isActivation = (op: Op, id: string): boolean => activationName(op.name) === id.replaceAll('-', '');
