import { after, before, eventsOf, passOf } from './training-pass';
import { moveClipBefore } from './clip-move';
import { isHere, type Problem, type Rule } from './rule';

/** Gradients that are clipped after the optimizer has used them are clipped for nothing. */
export const clipAfterStep: Rule = {
  code: 'GD101',
  name: 'clip-after-step',
  severity: 'error',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    for (const clip of eventsOf(context.trace, 'clip')) {
      if (!isHere(context, clip.site)) continue;
      const pass = passOf(context.trace, clip);
      const last = before(pass, clip, 'backward', 'optimizer-step');
      if (last?.kind !== 'optimizer-step' || !before(pass, last, 'backward')) continue;
      const next = after(pass, clip, 'backward', 'optimizer-step', 'zero-grad');
      if (next?.kind === 'optimizer-step') continue;
      const unscaled = before(pass, last, 'unscale');
      const optimizer = last.call?.node.arguments[0];
      const scaler = last.call?.node.callee;
      const unscale =
        last.scaled && !unscaled && optimizer && scaler?.kind === 'attribute'
          ? `${context.file.source.slice(scaler.object)}.unscale_(${context.file.source.slice(optimizer)})`
          : undefined;
      const edits = moveClipBefore(context, clip, last, unscale);
      yield {
        at: clip.site,
        message: 'Gradients are clipped after the optimizer has already stepped with them.',
        fixes: edits ? [{ title: 'Clip before the optimizer steps', safe: true, remedy: 'clip-grad-norm', edits }] : [],
      };
    }
  },
};
