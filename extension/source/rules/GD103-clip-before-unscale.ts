import { insertBefore, moveStatement } from '../edits/statements';
import { placeOf } from '../syntax';
import type { TextEdit } from '../text';
import type { Event } from '../trace';
import { isHere, type Problem, type Rule, type RuleContext } from './rule';
import { after, before, eventsOf, passOf } from './training-pass';

/** Under a gradient scaler the gradients are a large factor too big until `unscale_`: a clip before it cuts all of them down. */
export const clipBeforeUnscale: Rule = {
  code: 'GD103',
  name: 'clip-before-unscale',
  severity: 'error',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    for (const clip of eventsOf(context.trace, 'clip')) {
      if (!isHere(context, clip.site)) continue;
      const pass = passOf(context.trace, clip);
      const backward = before(pass, clip, 'backward', 'optimizer-step');
      if (backward?.kind !== 'backward') continue;
      const step = after(pass, clip, 'optimizer-step', 'backward');
      if (step?.kind !== 'optimizer-step' || !step.scaled) continue;
      const unscaled = before(pass, clip, 'unscale');
      if (unscaled && unscaled.order > backward.order) continue;
      // An unscale in a branch that need not be taken together with this clip: not known.
      if (context.trace.events.some((event) => event.kind === 'unscale' && between(event, backward, clip))) continue;
      const edits = unscaleFirst(context, clip, step, after(pass, clip, 'unscale'));
      yield {
        at: clip.site,
        message: 'Gradients are clipped while they still carry the loss scale: unscale them first.',
        fixes: edits
          ? [{ title: 'Unscale the gradients before clipping', safe: true, remedy: 'clip-grad-norm', edits }]
          : [],
      };
    }
  },
};

const between = (event: Event, first: Event, last: Event): boolean =>
  event.order > first.order && event.order < last.order;

const unscaleFirst = (
  { file }: RuleContext,
  clip: Event,
  step: Event,
  unscale: Event | undefined,
): TextEdit[] | undefined => {
  const place = placeOf(file.root, clip.site.from);
  if (!place || !['expression', 'assign'].includes(place.statement.kind) || step.site.file !== file) return undefined;
  if (unscale && unscale.order < step.order) {
    const what = placeOf(file.root, unscale.site.from);
    return what?.statement.kind === 'expression' && unscale.site.file === file
      ? moveStatement(file, what, 'before', place.statement)
      : undefined;
  }
  const callee = step.call?.node.callee;
  const optimizer = step.call?.node.arguments[0];
  if (callee?.kind !== 'attribute' || !optimizer) return undefined;
  const line = `${file.source.slice(callee.object)}.unscale_(${file.source.slice(optimizer)})`;
  return [insertBefore(file.source, place.statement, [line])];
};
