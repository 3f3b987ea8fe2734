import { commonBlock, moveStatement } from '../edits/statements';
import { placeOf } from '../syntax';
import type { TextEdit } from '../text';
import type { Event } from '../trace';
import { isHere, type Fix, type Problem, type Rule, type RuleContext } from './rule';
import { eventsOf, passOf } from './training-pass';

/** A scheduler that steps before the optimizer skips the first learning rate; a plateau scheduler needs what it watches. */
export const schedulerOrder: Rule = {
  code: 'GD106',
  name: 'scheduler-order',
  severity: 'warning',
  frameworks: ['pytorch'],
  *check(context): Generator<Problem> {
    for (const event of eventsOf(context.trace, 'scheduler-step')) {
      if (!isHere(context, event.site)) continue;
      const scheduler = event.target;
      const plateau = scheduler?.kind === 'object' && scheduler.path.endsWith('.ReduceLROnPlateau');
      const given = event.call ? event.call.node.arguments.length : 0;
      if (plateau && given === 0) {
        yield {
          at: event.site,
          message: 'ReduceLROnPlateau.step() needs the metric that it watches.',
          fixes: passLoss(context, event),
        };
        continue;
      }
      // Set back by hand, so that its first step goes to the first value.
      if (/\.last_epoch\s*=[^=]/.test(context.file.source.text)) continue;
      // A scheduler that is told the epoch sets the rate of that epoch, wherever it stands.
      if (plateau || given > 0) continue;
      const first = stepAfter(context, event);
      if (!first) continue;
      const edits = moveAfter(context, event, first);
      yield {
        at: event.site,
        message: 'The scheduler steps before the optimizer: the first value of its schedule is skipped.',
        fixes: edits ? [{ title: 'Step the scheduler after the optimizer', safe: true, edits }] : [],
      };
    }
  },
};

/** The last step of the optimizer in a pass in which it only steps after the scheduler. */
const stepAfter = ({ trace }: RuleContext, event: Event): Event | undefined => {
  const scheduled = event.target?.kind === 'object' ? event.target.call.positional[0]?.value : undefined;
  const loop = event.loops.at(-1);
  if (!loop) return undefined;
  const steps = passOf(trace, event).filter(
    (other) =>
      other.kind === 'optimizer-step' &&
      (scheduled?.kind !== 'object' || other.target === scheduled || other.target?.kind !== 'object'),
  );
  if (steps.length === 0 || steps.some(({ order }) => order < event.order)) return undefined;
  // Under a condition of its own, the scheduler may well start later.
  const conditions = new Set(steps.flatMap(({ arms }) => arms.map(({ condition }) => condition)));
  const own = event.arms.filter(
    ({ condition, site }) => !conditions.has(condition) && site.from >= loop.body.from && site.to <= loop.body.to,
  );
  return own.length > 0 ? undefined : steps.at(-1);
};

const moveAfter = ({ file }: RuleContext, event: Event, step: Event): TextEdit[] | undefined => {
  if (step.site.file !== file) return undefined;
  // The step may be in a function that the loop calls: then the call is what the scheduler goes after.
  const common = commonBlock(file.root, event.site.from, step.site.from);
  const what = placeOf(file.root, event.site.from);
  if (!common || !what || common.one.statement !== what.statement || what.statement.kind !== 'expression')
    return undefined;
  const loop = event.loops.at(-1);
  if (loop && !(common.one.block.from >= loop.body.from && common.one.block.to <= loop.body.to)) return undefined;
  return moveStatement(file, what, 'after', common.other.statement);
};

/** Passes the validation loss where the function has one, else the loss that it differentiates. */
const passLoss = ({ file, trace }: RuleContext, event: Event): Fix[] => {
  const call = event.call?.node;
  if (!call) return [];
  const frame = event.frames.at(-1);
  const inside = frame?.node ?? file.root;
  const before = file.source.text.slice(inside.from, event.site.from);
  const validation = [...before.matchAll(/^\s*(\w*(?:val|valid|validation|test|eval)_?loss\w*)\s*=[^=]/gm)].at(-1)?.[1];
  const backward = eventsOf(trace, 'backward').find(
    (each) => each.frames.at(-1)?.id === frame?.id && each.site.from < event.site.from,
  );
  const callee = backward?.call?.node.callee;
  const loss = callee?.kind === 'attribute' && callee.object.kind === 'name' ? callee.object.name : undefined;
  // The loss that is differentiated is a tensor that carries its graph: the scheduler wants the number.
  const metric = validation ?? (loss === undefined ? undefined : `${loss}.item()`);
  if (metric === undefined) return [];
  const at = call.argumentList.from + 1;
  return [{ title: `Pass ${metric} to the scheduler`, safe: true, edits: [{ from: at, to: at, insert: metric }] }];
};
