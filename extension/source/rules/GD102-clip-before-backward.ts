import { after, before, eventsOf, passOf } from './training-pass';
import { moveClipBefore } from './clip-move';
import { isHere, type Problem, type Rule } from './rule';

/** Before `backward()` there are no gradients yet, or those of the step before: clipping them changes nothing. */
export const clipBeforeBackward: Rule = {
  code: 'GD102',
  name: 'clip-before-backward',
  severity: 'error',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    for (const clip of eventsOf(context.trace, 'clip')) {
      if (!isHere(context, clip.site)) continue;
      const pass = passOf(context.trace, clip);
      const last = before(pass, clip, 'backward', 'optimizer-step', 'zero-grad');
      if (last?.kind === 'backward' || last?.kind === 'optimizer-step') continue;
      const backward = after(pass, clip, 'backward', 'optimizer-step');
      if (backward?.kind !== 'backward') continue;
      const step = after(pass, backward, 'optimizer-step');
      if (!step) continue;
      const optimizer = step.call?.node.arguments[0];
      const scaler = step.call?.node.callee;
      const unscale =
        step.scaled && !after(pass, backward, 'unscale') && optimizer && scaler?.kind === 'attribute'
          ? `${context.file.source.slice(scaler.object)}.unscale_(${context.file.source.slice(optimizer)})`
          : undefined;
      const edits = moveClipBefore(context, clip, step, unscale);
      yield {
        at: clip.site,
        message: 'Gradients are clipped before backward() has computed them.',
        fixes: edits
          ? [{ title: 'Clip between backward() and the step', safe: true, remedy: 'clip-grad-norm', edits }]
          : [],
      };
    }
  },
};
