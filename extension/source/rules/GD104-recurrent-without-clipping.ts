import { clipFix } from '../edits/clipping';
import type { Event } from '../trace';
import { argument, constantArgument, type Op } from '../values';
import { isHere, type Problem, type Rule, type RuleContext } from './rule';
import { after, eventsOf, isUnclear, lossOf, passOf } from './training-pass';

/** Through many time steps gradients grow by products: without a bound on them one bad batch undoes the training. */
export const recurrentWithoutClipping: Rule = {
  code: 'GD104',
  name: 'recurrent-without-clipping',
  severity: 'warning',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const { trace, framework } = context;
    if (isUnclear(trace) || mentionsClipping(context)) return;
    if (framework === 'tensorflow') yield* inTensorFlow(context);
    else {
      for (const backward of eventsOf(trace, 'backward')) {
        const loss = lossOf(backward);
        const recurrent = loss && findRecurrent(context, loss);
        if (!recurrent || !isHere(context, backward.site)) continue;
        const step = after(passOf(trace, backward), backward, 'optimizer-step');
        if (!step) continue;
        yield {
          at: backward.site,
          message: `The gradients of a recurrent layer (${recurrent.name}) are never clipped in this training loop.`,
          fixes: clipFix(context.file, backward, step),
        };
      }
      yield* inTrainers(context);
    }
  },
};

/** Any clipping in the file, whatever it is called: then whoever wrote it has thought of it. */
const mentionsClipping = ({ file, trace }: RuleContext): boolean =>
  eventsOf(trace, 'clip').length > 0 ||
  /clip(?!board)/i.test(
    file.source.text.replace(/(#|\/\/).*$/gm, '').replace(/gradient_clip_val\s*=\s*(None|0|0\.0)\b/g, ''),
  );

const findRecurrent = ({ flow }: RuleContext, loss: Op): Op | undefined => {
  for (const op of flow.ancestors(loss)) if (op.category === 'recurrent') return op;
  return undefined;
};

function* inTensorFlow({ trace, file, flow }: RuleContext): Generator<Problem> {
  for (const step of trace.events) {
    if (step.site.file !== file || (step.kind !== 'optimizer-step' && step.kind !== 'fit')) continue;
    const recurrent =
      step.kind === 'fit'
        ? recurrentIn(step, trace.ops)
        : recurrentBefore(step, trace.events, (op) => flow.ancestors(op));
    if (!recurrent) continue;
    const optimizer =
      step.kind === 'fit' ? eventsOf(trace, 'compile').find(({ target }) => target === step.target) : step;
    yield {
      at: step.site,
      message: `The gradients of a recurrent layer (${recurrent.name}) are never clipped in this training.`,
      fixes: optimizer ? clipFix(file, undefined, optimizer) : [],
    };
  }
}

const recurrentIn = (fit: Event, ops: readonly Op[]): Op | undefined => {
  const { target } = fit;
  if (target?.kind !== 'container') return undefined;
  const layers = target.slots.get('items') ?? [];
  return ops.find((op) => op.category === 'recurrent' && op.layer && layers.includes(op.layer));
};

const recurrentBefore = (
  step: Event,
  events: readonly Event[],
  ancestors: (op: Op) => Iterable<Op>,
): Op | undefined => {
  const backward = events.findLast((event) => event.kind === 'backward' && event.order < step.order);
  const loss = backward && lossOf(backward);
  if (!loss) return undefined;
  for (const op of ancestors(loss)) if (op.category === 'recurrent') return op;
  return undefined;
};

/** Lightning clips only when the trainer is told to. */
function* inTrainers({ trace, file }: RuleContext): Generator<Problem> {
  const recurrent = trace.ops.find(
    (op) => op.category === 'recurrent' && op.modules.some(({ base }) => base?.endsWith('LightningModule')),
  );
  if (!recurrent) return;
  for (const { site, call, target } of eventsOf(trace, 'trainer')) {
    if (site.file !== file || !call || call.open) continue;
    if (target?.kind !== 'object' || target.path !== 'lightning.Trainer') continue;
    const given = argument(call, 'gradient_clip_val', -1);
    const value = constantArgument(call, 'gradient_clip_val', -1);
    if (given && value !== null && value !== 0) continue;
    yield {
      at: site,
      message: `The gradients of a recurrent layer (${recurrent.name}) are never clipped: the trainer has no gradient_clip_val.`,
      fixes: clipFix(file, undefined, { site, call }),
    };
  }
}
