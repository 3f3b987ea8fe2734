/** Where a PyTorch program makes its optimizers and steps them. */
import { argumentNamed } from '../../source/edits/arguments';
import { hasOwnLines } from '../../source/edits/statements';
import { before as eventBefore, passOf } from '../../source/rules/training-pass';
import { placeOf, placesAround, type Expression, type Place, type Statement } from '../../source/syntax';
import type { Event } from '../../source/trace';
import { argument, type LibraryObject, type Site } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code } from './code';
import { siteKey } from './network';

/** An optimizer with the place where it steps. */
export interface Training {
  optimizer: LibraryObject;
  step: Event;
  /** How the optimizer is written where it steps. */
  text: string;
}

export const distinctSites = (events: readonly Event[]): Event[] => [
  ...new Map(events.map((event) => [siteKey(event.site), event])).values(),
];

/** The optimizers that a remedy is for, by their first step. */
export const trainingsOf = (code: Code): Training[] => {
  const steps = code.trace.events.filter(({ kind, withoutGradient }) => kind === 'optimizer-step' && !withoutGradient);
  const found = new Map<LibraryObject, Training>();
  for (const step of distinctSites(steps)) {
    const { target } = step;
    if (target?.kind !== 'object' || target.type !== 'optimizer' || found.has(target)) continue;
    const schedulers = schedulersOf(code, target);
    if (![step.site, target.site, ...schedulers.map(({ site }) => site)].some((site) => code.includes(site))) continue;
    const callee = step.call?.node.callee;
    const given = step.call?.node.arguments[0]?.value;
    const node = step.scaled ? given : callee?.kind === 'attribute' ? callee.object : undefined;
    if (node) found.set(target, { optimizer: target, step, text: step.site.file.source.slice(node) });
  }
  return [...found.values()];
};

export const schedulersOf = ({ trace }: Code, optimizer: LibraryObject): LibraryObject[] =>
  trace.objects.filter(({ type, call }) => type === 'scheduler' && argument(call, 'optimizer', 0)?.value === optimizer);

/** The innermost function around a place, by where it starts; −1 outside of functions. */
export const functionStart = (site: Site): number =>
  placesAround(site.file.root, site.from).findLast(({ statement }) => statement.kind === 'function')?.statement.from ??
  -1;

/** The statement that assigns an object to one name or attribute, on lines of its own. */
export const assignmentOf = (site: Site): { statement: Statement; target: string; place: Place } | undefined => {
  const place = placeOf(site.file.root, site.from);
  const statement = place?.statement;
  if (!place || statement?.kind !== 'assign' || statement.operator || statement.targets.length !== 1) return undefined;
  if (statement.value.from !== site.from || statement.value.to !== site.to) return undefined;
  const [target] = statement.targets;
  if ((target?.kind !== 'name' && target?.kind !== 'attribute') || !hasOwnLines(site.file.source, statement))
    return undefined;
  return { statement, target: site.file.source.slice(target), place };
};

/** The loss of the pass that a step belongs to, as the program writes it. */
export const lossText = (code: Code, step: Event): string | undefined => {
  const backward = eventBefore(passOf(code.trace, step), step, 'backward');
  const node = backward?.call?.node;
  if (!node || backward.site.file !== step.site.file || functionStart(backward.site) !== functionStart(step.site))
    return undefined;
  let loss: Expression | undefined =
    node.callee.kind === 'attribute' && node.callee.name === 'backward' && node.arguments.length === 0
      ? node.callee.object
      : node.arguments[0]?.value;
  // `scaler.scale(loss)`, `(loss / steps)`.
  if (loss?.kind === 'call') loss = loss.arguments[0]?.value;
  if (loss?.kind === 'binary') loss = loss.left;
  return loss?.kind === 'name' ? loss.name : undefined;
};

export const noTraining = (code: Code): never => {
  const steps = code.trace.events.some(({ kind }) => kind === 'optimizer-step');
  throw new DoesNotFit(
    steps
      ? 'Where the optimizer of this training loop is made is not known, or the loop is elsewhere.'
      : 'There is no training loop here: nothing calls optimizer.step().',
  );
};

/** The learning rate that an optimizer is given. */
export const learningRateNode = ({ call }: LibraryObject): Expression | undefined => {
  const named = argumentNamed(call.node, 'lr')?.value;
  if (named) return named;
  const [, second] = call.node.arguments;
  return second && second.name === undefined && !second.spread ? second.value : undefined;
};
