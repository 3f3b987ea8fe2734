/** Where a finding about a whole network stands: at the name of its class, or at what makes it. */
import type { Span } from '../text';
import type { Op } from '../values';
import { isHere, originOf, type RuleContext } from './rule';

export const networkSpan = (context: RuleContext, op: Op): Span | undefined => {
  const { source } = context.file;
  const owner = op.modules.find((module) => module.class.scope.file === context.file);
  if (owner) {
    const { from, name } = owner.class.node;
    const at = source.text.indexOf(name, from);
    return { from: at, to: at + name.length };
  }
  const container = context.trace.containers.findLast(
    ({ site, slots }) =>
      site.file === context.file && op.layer !== undefined && (slots.get('items') ?? []).includes(op.layer),
  );
  const site = container?.site ?? originOf(op);
  if (!isHere(context, site)) return undefined;
  const node = container?.call.node.callee;
  return node && node.to > node.from ? { from: node.from, to: node.to } : { from: site.from, to: site.to };
};
