/** Learning rate schedules of PyTorch: the scheduler beside its optimizer, and its step after the optimizer's. */
import { argumentNamed, setArgument } from '../../source/edits/arguments';
import { quoteOf } from '../../source/edits/references';
import { insertAfter, insertBefore } from '../../source/edits/statements';
import { inIndentOf } from '../../source/edits/python-helpers';
import { isLightning } from '../../source/pytorch';
import { placeOf, placesAround, type Place, type Statement } from '../../source/syntax';
import type { LoopContext } from '../../source/trace';
import type { LibraryObject, Site } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import type { Code } from './code';
import type { SourceEditor } from './editors';
import { siteKey } from './network';
import { scheduleTensorFlow } from './tensorflow-schedule';
import {
  assignmentOf,
  functionStart,
  lossText,
  noTraining,
  schedulersOf,
  trainingsOf,
  type Training,
} from './training-loop';

export type ScheduleId = 'exponential-lr' | 'cosine-annealing-lr' | 'step-lr' | 'reduce-lr-on-plateau' | 'warmup';
type Unit = 'step' | 'epoch';

export const classes: Readonly<Record<ScheduleId, string>> = {
  'exponential-lr': 'ExponentialLR',
  'cosine-annealing-lr': 'CosineAnnealingLR',
  'step-lr': 'StepLR',
  'reduce-lr-on-plateau': 'ReduceLROnPlateau',
  warmup: 'LinearLR',
};

const titles: Readonly<Record<ScheduleId, string>> = {
  'exponential-lr': 'Decay the learning rate exponentially',
  'cosine-annealing-lr': 'Anneal the learning rate along a cosine',
  'step-lr': 'Lower the learning rate in steps',
  'reduce-lr-on-plateau': 'Lower the learning rate when the loss stalls',
  warmup: 'Warm the learning rate up',
};

export const scheduleEditor = (id: ScheduleId): SourceEditor => ({
  stage: 'optimizer',
  edit(code, parameters, given) {
    if (code.framework === 'tensorflow') scheduleTensorFlow(code, id, parameters, given);
    else schedulePyTorch(code, id, parameters, given);
    return titles[id];
  },
});

const schedulePyTorch = (code: Code, id: ScheduleId, parameters: RemedyParameters, given: RemedyParameters): void => {
  const trainings = trainingsOf(code);
  const trainers = code.trace.objects.filter(
    ({ type, path, site }) => type === 'trainer' && path.startsWith('transformers.') && code.includes(site),
  );
  const modules = code.trace.instances.filter(({ base }) => isLightning(base));
  for (const trainer of trainers) inTrainingArguments(code, trainer, id, parameters);
  let configured = 0;
  for (const instance of modules) {
    const configure = instance.class.members.get('configure_optimizers');
    if (configure?.kind !== 'function' || !code.first(`configure ${configure.node.from}`)) continue;
    const site: Site = { file: configure.scope.file, from: configure.node.from, to: configure.node.to };
    const isMeant =
      code.includes(site) ||
      code.trace.objects.some(
        (each) => each.type === 'optimizer' && isWithin(site, each.site) && code.includes(each.site),
      );
    if (!isMeant) continue;
    inLightning(code, site, id, argumentsOf(id, parameters, undefined), parameters.unit === 'step');
    configured++;
  }
  if (trainings.length + trainers.length + configured === 0) noTraining(code);
  for (const training of trainings) {
    const present = schedulersOf(code, training.optimizer);
    const rivals = present.filter((each) => (typeOf(each) === 'LinearLR') === (id === 'warmup'));
    const [rival, ...more] = rivals;
    if (more.length > 0) throw new DoesNotFit('This optimizer has several schedulers already.');
    const fixed = present.find((each) => !chainable.has(typeOf(each)));
    if (fixed)
      throw new DoesNotFit(`${typeOf(fixed)} sets the learning rate by itself, whatever another scheduler does.`);
    if (rival) replaceScheduler(code, training, rival, id, parameters, given);
    else addScheduler(code, training, id, parameters, given);
  }
};

const isWithin = (outer: Site, inner: Site): boolean =>
  outer.file === inner.file && outer.from <= inner.from && inner.to <= outer.to;

/** Schedulers that multiply the present rate, so that two of them may work on one optimizer. */
const chainable = new Set([
  'StepLR',
  'MultiStepLR',
  'ExponentialLR',
  'CosineAnnealingLR',
  'ReduceLROnPlateau',
  'ConstantLR',
  'PolynomialLR',
  'MultiplicativeLR',
  'LinearLR',
]);

const typeOf = ({ path }: LibraryObject): string => path.slice(path.lastIndexOf('.') + 1);

/** @param span how the program writes the length of its training, where the schedule is to fit that */
const argumentsOf = (id: ScheduleId, parameters: RemedyParameters, span: string | undefined): string[] => {
  const of = (name: string): string => String(parameters[name]);
  switch (id) {
    case 'exponential-lr':
      return [`gamma=${of('gamma')}`];
    case 'cosine-annealing-lr':
      return [`T_max=${span ?? of('t_max')}`, ...(parameters.eta_min === 0 ? [] : [`eta_min=${of('eta_min')}`])];
    case 'step-lr':
      return [
        `step_size=${span === undefined ? of('step_size') : `max(1, ${bracketed(span)} // 3)`}`,
        `gamma=${of('gamma')}`,
      ];
    case 'reduce-lr-on-plateau':
      return [`factor=${of('factor')}`, `patience=${of('patience')}`];
    case 'warmup':
      return [`start_factor=${of('start_factor')}`, `total_iters=${of('steps')}`];
  }
};

const bracketed = (text: string): string => (/^(len\()?[\w.]+\)?$/.test(text) ? text : `(${text})`);

const construct = (code: Code, site: Site, id: ScheduleId, optimizer: string, rest: readonly string[]): string =>
  `${code.refer(site.file, `torch.optim.lr_scheduler.${classes[id]}`)}(${[optimizer, ...rest].join(', ')})`;

// ------------------------------------------------------------------ a loop of the program's own

/** Which loop counts the epochs: the one around the loop over batches. */
const epochLoop = ({ step }: Training): LoopContext | undefined => step.loops.at(-2);

const addScheduler = (
  code: Code,
  training: Training,
  id: ScheduleId,
  parameters: RemedyParameters,
  given: RemedyParameters,
): void => {
  const { step, optimizer, text } = training;
  if (step.loops.length === 0) throw new DoesNotFit('The optimizer does not step in a loop.');
  const epoch = epochLoop(training);
  const assignment = assignmentOf(optimizer.site);
  let unit: Unit = parameters.unit === 'epoch' && epoch ? 'epoch' : 'step';
  const made = functionStart(optimizer.site);
  const isVisibleAt = (site: Site): boolean =>
    optimizer.site.file === site.file &&
    (made === functionStart(site) || made < 0 || (assignment?.target.startsWith('self.') ?? false));
  const [outermost] = step.loops as [LoopContext];
  const isOwnLoop =
    outermost.site.file === step.site.file && functionStart(outermost.site) === functionStart(step.site);
  if (unit === 'step' && !isOwnLoop && !(assignment && isVisibleAt(step.site))) {
    if (!epoch || given.unit !== undefined || id === 'warmup')
      throw new DoesNotFit('The optimizer steps in a function that is not given a scheduler; pass it one first.');
    unit = 'epoch';
  }
  const where = unit === 'step' ? step.site : epoch!.site;
  const isBeside = assignment !== undefined && isVisibleAt(where);
  const span = spanOf(id, training, unit, given);
  const name = schedulerName(code, isBeside ? assignment.target : text, id, where);
  if (isBeside && span === undefined) {
    const { site } = optimizer;
    code.edit(
      site.file,
      insertAfter(site.file.source, assignment.statement, [
        `${name} = ${construct(code, site, id, assignment.target, argumentsOf(id, parameters, span))}`,
      ]),
    );
  } else {
    const { file } = outermost.site;
    const written =
      file === optimizer.site.file && assignment && isVisibleAt(outermost.site) ? assignment.target : text;
    if (functionStart(outermost.site) !== functionStart(where) && made >= 0)
      throw new DoesNotFit('The optimizer steps in a function that is not given a scheduler; pass it one first.');
    const statement = placeOf(file.root, outermost.site.from)!.statement;
    code.edit(
      file,
      insertBefore(file.source, statement, [
        `${name} = ${construct(code, outermost.site, id, written, argumentsOf(id, parameters, span))}`,
      ]),
    );
  }
  const metric = id === 'reduce-lr-on-plateau' ? metricOf(code, training, unit) : '';
  stepScheduler(code, training, unit, `${name}.step(${metric})`);
};

/** The length of the training in steps or epochs, where nobody asked for another one. */
const spanOf = (id: ScheduleId, training: Training, unit: Unit, given: RemedyParameters): string | undefined => {
  const isFree =
    (id === 'cosine-annealing-lr' && given.t_max === undefined) || (id === 'step-lr' && given.step_size === undefined);
  if (!isFree) return undefined;
  const { loops } = training.step;
  const epoch = epochLoop(training);
  const batches = loops.at(-1)!;
  if (unit === 'epoch') return epoch && countOf(epoch);
  const count = countOf(batches);
  const outer = epoch && functionStart(epoch.site) === functionStart(batches.site) ? countOf(epoch) : undefined;
  if (!epoch) return count;
  return outer !== undefined && count !== undefined ? `${bracketed(outer)} * ${bracketed(count)}` : undefined;
};

/** How often a loop runs, as the program writes it: `epochs` of `range(epochs)`, `len(loader)` of a loader. */
const countOf = ({ site }: LoopContext): string | undefined => {
  const { file } = site;
  const statement = placesAround(file.root, site.from).find((each) => each.statement.from === site.from)?.statement;
  if (statement?.kind !== 'for') return undefined;
  let { iterable } = statement;
  while (
    iterable.kind === 'call' &&
    /^(tqdm|trange|enumerate|tqdm\.tqdm|tqdm\.trange)$/.test(file.source.slice(iterable.callee))
  ) {
    const [first] = iterable.arguments;
    if (!first) return undefined;
    if (file.source.slice(iterable.callee).endsWith('trange')) return file.source.slice(first);
    iterable = first.value;
  }
  if (iterable.kind === 'call' && file.source.slice(iterable.callee) === 'range')
    return iterable.arguments.length === 1 ? file.source.slice(iterable.arguments[0]!) : undefined;
  return iterable.kind === 'name' || iterable.kind === 'attribute' ? `len(${file.source.slice(iterable)})` : undefined;
};

/** `optimizer_g` → `scheduler_g`, `self.optimizer` → `self.scheduler`. */
const schedulerName = (code: Code, optimizer: string, id: ScheduleId, { file }: Site): string => {
  const word = id === 'warmup' ? 'warmup' : 'scheduler';
  const dot = optimizer.lastIndexOf('.');
  const [owner, own] = [optimizer.slice(0, dot + 1), optimizer.slice(dot + 1)];
  const name = /optimizer|optim|opt/i.test(own) ? own.replace(/optimizer|optim|opt/i, word) : `${own}_${word}`;
  const taken = new RegExp(`\\b${name}\\b`).test(file.source.text) && !owner.startsWith('self.');
  return owner + (taken ? `lr_${name}` : name);
};

/** After the optimizer's step, or at the end of each epoch. */
const stepScheduler = (code: Code, training: Training, unit: Unit, line: string): void => {
  const { step } = training;
  if (unit === 'epoch') {
    const { site, body } = epochLoop(training)!;
    const last = body.statements.at(-1)!;
    const { source } = site.file;
    const isExit = ['return', 'break', 'continue', 'raise'].includes(last.kind);
    if (!isExit && source.lineOf(last.from) === source.lineOf(site.from))
      throw new DoesNotFit('The loop over epochs stands on one line.');
    code.edit(site.file, isExit ? insertBefore(source, last, [line]) : insertAfter(source, last, [line]));
    return;
  }
  const { file } = step.site;
  const place = placeOf(file.root, step.site.from)!;
  const after = updateAfter(code, training, place) ?? place.statement;
  if (file.source.lineOf(place.statement.from) !== file.source.lineOf(step.site.from))
    throw new DoesNotFit('The optimizer steps inside a longer statement.');
  const { source } = file;
  const ownLine = source.text.slice(source.lineStart(after.from), after.from).trim() === '';
  if (ownLine) code.edit(file, insertAfter(source, after, [line]));
  else code.edit(file, { from: after.to, to: after.to, insert: `; ${line}` });
};

/** `scaler.update()` right after the step. */
const updateAfter = ({ trace }: Code, { step }: Training, place: Place): Statement | undefined => {
  const next = place.block.statements[place.index + 1];
  const isUpdate =
    next &&
    trace.events.some(
      ({ kind, site }) =>
        kind === 'scaler-update' && site.file === step.site.file && next.from <= site.from && site.to <= next.to,
    );
  return isUpdate ? next : undefined;
};

/** What a plateau is judged by: a validation loss of the epoch, or the training loss. */
const metricOf = (code: Code, training: Training, unit: Unit): string => {
  const { step } = training;
  const loss = lossText(code, step);
  if (unit === 'epoch') {
    const { site, body } = epochLoop(training)!;
    const names = body.statements.flatMap(assignedNames);
    const validation =
      names.find((name) =>
        /^(val|valid|validation|eval|dev|test)_?\w*loss|loss_?(val|valid|eval|dev|test)/i.test(name),
      ) ?? names.find((name) => /loss/i.test(name));
    if (validation !== undefined) return validation;
    if (loss !== undefined && functionStart(site) === functionStart(step.site)) return `${loss}.item()`;
  } else if (loss !== undefined) return `${loss}.item()`;
  throw new DoesNotFit('ReduceLROnPlateau needs a loss to watch, and none has a name at the end of an epoch.');
};

const assignedNames = (statement: Statement): string[] => {
  if (statement.kind !== 'assign') return [];
  return statement.targets.flatMap((target) =>
    target.kind === 'name'
      ? [target.name]
      : target.kind === 'list'
        ? target.items.flatMap((item) => (item.kind === 'name' ? [item.name] : []))
        : [],
  );
};

/** The scheduler that is there becomes another one, stepped where it is. */
const replaceScheduler = (
  code: Code,
  training: Training,
  present: LibraryObject,
  id: ScheduleId,
  parameters: RemedyParameters,
  given: RemedyParameters,
): void => {
  const { site, call } = present;
  const steps = code.trace.events.filter(({ kind, target }) => kind === 'scheduler-step' && target === present);
  const batches = training.step.loops.at(-1);
  const isPerStep = !epochLoop(training) || steps.some(({ loops }) => batches && loops.includes(batches));
  const unit: Unit = isPerStep ? 'step' : 'epoch';
  const isFree = given.t_max === undefined && given.step_size === undefined;
  const span = isFree ? visibleSpan(spanOf(id, training, unit, given), training, site) : undefined;
  const optimizer = call.node.arguments[0];
  if (!optimizer || call.node.from === call.node.to) throw new DoesNotFit('The scheduler is made in a way of its own.');
  const written = construct(code, site, id, site.file.source.slice(optimizer), argumentsOf(id, parameters, span));
  const hasMetric = typeOf(present) === 'ReduceLROnPlateau';
  const wantsMetric = id === 'reduce-lr-on-plateau';
  if (written !== site.file.source.slice(site)) code.replace(site, written);
  if (hasMetric === wantsMetric) return;
  for (const step of steps) {
    if (!step.call || !code.first(siteKey(step.site))) continue;
    const { from, to } = step.call.node.argumentList;
    const metric = wantsMetric ? metricOf(code, training, unit) : '';
    code.replace({ file: step.site.file, from, to }, `(${metric})`);
  }
};

/** A length whose names may not be known yet where the scheduler is made. */
const visibleSpan = (span: string | undefined, training: Training, made: Site): string | undefined => {
  if (span === undefined || /^\d+$/.test(span)) return span;
  const [outermost] = training.step.loops;
  const { source } = made.file;
  const between = source.text.slice(made.to, outermost?.site.from ?? source.text.length);
  const isKnown = span
    .match(/[A-Za-z_][\w.]*/g)!
    .every((name) => !new RegExp(`\\b${name}\\s*(,|=(?!=))`).test(between));
  return isKnown && outermost?.site.file === made.file ? span : undefined;
};

// ------------------------------------------------------------------ trainers

const inTrainingArguments = (
  code: Code,
  trainer: LibraryObject,
  id: ScheduleId,
  parameters: RemedyParameters,
): void => {
  const { call, site } = trainer;
  const quote = quoteOf(site.file);
  const types: Partial<Record<ScheduleId, string>> = {
    'cosine-annealing-lr': 'cosine',
    'reduce-lr-on-plateau': 'reduce_lr_on_plateau',
  };
  const type = types[id];
  if (id === 'warmup')
    code.edit(site.file, setArgument(site.file, call.node, 'warmup_steps', String(parameters.steps)));
  else if (type) {
    const present = argumentNamed(call.node, 'lr_scheduler_type')?.value;
    if (present?.kind === 'string' && present.value === type)
      throw new DoesNotFit('The trainer has that schedule already.');
    code.edit(site.file, setArgument(site.file, call.node, 'lr_scheduler_type', quote + type + quote));
  } else throw new DoesNotFit(`The Hugging Face trainer has no ${classes[id]}.`);
};

/** `return optimizer` of Lightning's `configure_optimizers` gives the scheduler as well. */
const inLightning = (code: Code, site: Site, id: ScheduleId, rest: readonly string[], perStep: boolean): void => {
  const { file } = site;
  const { source } = file;
  const place = placesAround(file.root, site.from).find((each) => each.statement.from === site.from);
  const body = place?.statement.kind === 'function' ? place.statement.function.body.statements : [];
  const last = body.at(-1);
  const value = last?.kind === 'return' ? last.value : undefined;
  if (!value || (value.kind !== 'name' && value.kind !== 'call'))
    throw new DoesNotFit(
      'The method configure_optimizers gives more than an optimizer already; change its scheduler there.',
    );
  const quote = quoteOf(file);
  const quoted = (text: string): string => quote + text + quote;
  const isName = value.kind === 'name';
  const optimizer = isName ? source.slice(value) : 'optimizer';
  const options = [
    ...(perStep ? [`${quoted('interval')}: ${quoted('step')}`] : []),
    ...(id === 'reduce-lr-on-plateau' ? [`${quoted('monitor')}: ${quoted(monitorIn(source.text))}`] : []),
  ];
  const scheduler = options.length > 0 ? `{${quoted('scheduler')}: scheduler, ${options.join(', ')}}` : 'scheduler';
  const lines = [
    ...(isName ? [] : [`optimizer = ${source.slice(value)}`]),
    `scheduler = ${construct(code, site, id, optimizer, rest)}`,
  ];
  code.edit(file, insertBefore(source, last!, inIndentOf(file, lines)), {
    from: value.from,
    to: value.to,
    insert: `{${quoted('optimizer')}: ${optimizer}, ${quoted('lr_scheduler')}: ${scheduler}}`,
  });
};

/** The loss that a Lightning module logs. */
const monitorIn = (text: string): string => {
  const logged = [...text.matchAll(/self\.log\(\s*["']([^"']*loss[^"']*)["']/g)].map((match) => match[1]!);
  const name = logged.find((each) => /val/.test(each)) ?? logged[0];
  if (name === undefined)
    throw new DoesNotFit('ReduceLROnPlateau needs a logged loss to watch; this module logs none.');
  return name;
};
