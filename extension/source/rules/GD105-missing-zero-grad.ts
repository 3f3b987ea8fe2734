import { insertBefore } from '../edits/statements';
import { placeOf } from '../syntax';
import type { Event } from '../trace';
import { isHere, type Fix, type Problem, type Rule, type RuleContext } from './rule';
import { before, eventsOf, isUnclear, passOf } from './training-pass';

/** `backward()` adds to the gradients that are there: without clearing them every step uses the sum of all earlier ones. */
export const missingZeroGrad: Rule = {
  code: 'GD105',
  name: 'missing-zero-grad',
  severity: 'warning',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    const { trace } = context;
    if (isUnclear(trace)) return;
    const seen = new Set<number>();
    for (const step of eventsOf(trace, 'optimizer-step')) {
      if (!isHere(context, step.site) || step.loops.length === 0) continue;
      const pass = passOf(trace, step);
      const backward = before(pass, step, 'backward');
      if (!backward || seen.has(backward.site.from)) continue;
      // Whatever else touches gradients in this loop, or gets the model from someone who might: not an accident.
      const loops = step.loops.length > 0 ? trace.events.filter((event) => event.loops.includes(step.loops[0]!)) : pass;
      if (loops.some(({ kind, site }) => clears.has(kind) && site.file === context.file)) continue;
      if (loops.some((event) => event.kind === 'unknown-call' && mayClear(event, step, backward))) continue;
      // A step that runs only now and then sums the gradients on purpose, and clears them where it runs.
      seen.add(backward.site.from);
      yield {
        at: backward.site,
        message:
          'Gradients are never cleared in this loop: every step uses the sum of the gradients of all steps so far.',
        fixes: zeroFirst(context, backward, step),
      };
    }
  },
};

const clears = new Set<Event['kind']>(['zero-grad', 'gradient-access', 'unknown-step']);

const mayClear = (event: Event, step: Event, backward: Event): boolean => {
  const given = event.call ? [...event.call.positional, ...event.call.keywords.values()].map(({ value }) => value) : [];
  const name = event.argument?.kind === 'constant' ? String(event.argument.value) : '';
  if (/zero|grad|reset|clear/i.test(name)) return true;
  const between = event.order > backward.order && event.order < step.order;
  return given.some(
    (value) =>
      value === step.target ||
      (value.kind === 'object' && value.type === 'optimizer') ||
      (between && (value.kind === 'instance' || value.kind === 'container')),
  );
};

const zeroFirst = ({ file }: RuleContext, backward: Event, step: Event): Fix[] => {
  const callee = step.call?.node.callee;
  const argument = step.call?.node.arguments[0];
  const place = placeOf(file.root, backward.site.from);
  if (callee?.kind !== 'attribute' || backward.site.file !== file || place?.statement.kind !== 'expression') return [];
  const optimizer = file.source.slice(step.scaled && argument ? argument : callee.object);
  // The name must mean the same where the line goes.
  if (step.frames.at(-1)?.id !== backward.frames.at(-1)?.id) return [];
  const edits = [insertBefore(file.source, place.statement, [`${optimizer}.zero_grad()`])];
  return [{ title: `Clear the gradients first: ${optimizer}.zero_grad()`, safe: false, edits }];
};
