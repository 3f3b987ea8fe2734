/** Learning rate schedules of TensorFlow.js: a callback of `fit`, or a line at the start of an epoch of a custom loop. */
import { setEntry } from '../../source/edits/arguments';
import { isTypeScript } from '../../source/edits/javascript-helpers';
import { insertBefore } from '../../source/edits/statements';
import type { ParsedSource } from '../../source/parse';
import { placesAround, type StatementOf } from '../../source/syntax';
import type { Event } from '../../source/trace';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import type { Code, Helper } from './code';
import type { ScheduleId } from './schedule';
import { distinctSites } from './training-loop';

export const scheduleTensorFlow = (
  code: Code,
  id: ScheduleId,
  parameters: RemedyParameters,
  given: RemedyParameters,
): void => {
  const fits = distinctSites(
    code.trace.events.filter(
      ({ kind, site, call }) =>
        kind === 'fit' &&
        code.includes(site) &&
        !/trainOnBatch/.test(call ? site.file.source.slice(call.node.callee) : ''),
    ),
  );
  const steps = distinctSites(
    code.trace.events.filter(({ kind, site }) => kind === 'optimizer-step' && code.includes(site)),
  );
  if (fits.length + steps.length === 0)
    throw new DoesNotFit('There is no training here: nothing calls fit or applies gradients.');
  for (const fit of fits) inFit(code, fit, id, parameters, given);
  for (const step of steps) inLoop(code, step, id, parameters, given);
};

/** The rate of an epoch, as an expression of the initial rate and the epoch. */
const rateOf = (
  id: ScheduleId,
  parameters: RemedyParameters,
  length: string,
  initial: string,
  epoch: string,
): string => {
  const of = (name: string): string => String(parameters[name]);
  switch (id) {
    case 'exponential-lr':
      return `${initial} * ${of('gamma')} ** ${epoch}`;
    case 'step-lr':
      return `${initial} * ${of('gamma')} ** Math.floor(${epoch} / ${length})`;
    case 'cosine-annealing-lr': {
      const low = of('eta_min');
      const wave = `(1 + Math.cos((Math.PI * ${epoch}) / ${length})) / 2`;
      return low === '0' ? `(${initial} * ${wave})` : `${low} + ((${initial} - ${low}) * ${wave})`;
    }
    case 'warmup':
      return `${initial} * Math.min(1, ${of('start_factor')} + ((1 - ${of('start_factor')}) * ${epoch}) / ${length})`;
    case 'reduce-lr-on-plateau':
      return initial;
  }
};

const withoutBrackets = (text: string): string =>
  /^\((.*)\)$/.test(text) && !text.startsWith('(1') ? text.slice(1, -1) : text;

const lengthOf = (
  id: ScheduleId,
  parameters: RemedyParameters,
  given: RemedyParameters,
  epochs: string | undefined,
): string => {
  const bracketed = epochs !== undefined && !/^[\w.]+$/.test(epochs) ? `(${epochs})` : epochs;
  if (id === 'cosine-annealing-lr')
    return given.t_max === undefined && bracketed ? bracketed : String(parameters.t_max);
  if (id === 'step-lr')
    return given.step_size === undefined && bracketed
      ? `Math.max(1, Math.floor(${bracketed} / 3))`
      : String(parameters.step_size);
  return id === 'warmup' ? String(parameters.steps) : '';
};

// ------------------------------------------------------------------ fit

const inFit = (code: Code, fit: Event, id: ScheduleId, parameters: RemedyParameters, given: RemedyParameters): void => {
  const { call, site } = fit;
  const { file } = site;
  const { source } = file;
  const callee = call?.node.callee;
  if (!call || callee?.kind !== 'attribute') throw new DoesNotFit('This call of fit cannot be changed.');
  const model = source.slice(callee.object);
  const position = callee.name === 'fitDataset' ? 1 : 2;
  const config = call.node.arguments[position]?.value;
  if (config && config.kind !== 'dict')
    throw new DoesNotFit('fit takes its configuration from elsewhere; add the callback there.');
  const entry = (name: string): { from: number; to: number } | undefined =>
    config?.entries.find(({ key }) => key?.kind === 'string' && key.value === name)?.value;
  const epochs = entry('epochs');
  const types = isTypeScript(file);
  code.help(file, setter(types));
  let callback: string;
  if (id === 'reduce-lr-on-plateau') {
    code.help(file, plateau(types));
    callback = `reduceOnPlateau(${model}, ${parameters.factor}, ${parameters.patience})`;
  } else {
    const length = lengthOf(id, parameters, given, epochs && source.slice(epochs));
    const rate = withoutBrackets(rateOf(id, parameters, length, 'initial', id === 'warmup' ? 'step' : 'epoch'));
    const name = id === 'warmup' ? 'warmUp' : 'learningRateSchedule';
    code.help(file, schedule(name, types));
    callback = `${name}(${model}, (initial, ${id === 'warmup' ? 'step' : 'epoch'}) => ${rate})`;
  }
  const present = entry('callbacks');
  if (!config) {
    const last = call.node.arguments.at(-1);
    if (call.node.arguments.length !== position || !last) throw new DoesNotFit('This call of fit cannot be changed.');
    code.edit(file, { from: last.to, to: last.to, insert: `, { callbacks: ${callback} }` });
    return;
  }
  if (!present) {
    code.edit(file, setEntry(config, 'callbacks', callback));
    return;
  }
  const text = source.slice(present);
  const ours = id === 'warmup' ? /\bwarmUp\(/ : /\b(learningRateSchedule|reduceOnPlateau)\(/;
  const place = ours.exec(text);
  if (place) {
    const from = place.index;
    const to = endOfCall(text, from);
    code.replace({ file, from: present.from + from, to: present.from + to }, callback);
  } else if (text.startsWith('['))
    code.edit(file, { from: present.to - 1, to: present.to - 1, insert: `, ${callback}` });
  else code.replace({ file, from: present.from, to: present.to }, `[${text}, ${callback}]`);
};

/** Where a call that starts in a text ends, brackets counted. */
const endOfCall = (text: string, from: number): number => {
  let depth = 0;
  for (let at = text.indexOf('(', from); at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at + 1;
  }
  return text.length;
};

const setter = (types: boolean): Helper => ({
  name: 'setLearningRate',
  lines: types
    ? [
        '/** Optimizers keep their rate to themselves; SGD alone has a setter. */',
        'function setLearningRate(optimizer: tf.Optimizer, rate: number): void {',
        '  const own = optimizer as unknown as { learningRate: number; setLearningRate?: (rate: number) => void };',
        '  if (own.setLearningRate) own.setLearningRate(rate);',
        '  else own.learningRate = rate;',
        '}',
      ]
    : [
        '/** Optimizers keep their rate to themselves; SGD alone has a setter. */',
        'function setLearningRate(optimizer, rate) {',
        '  if (optimizer.setLearningRate) optimizer.setLearningRate(rate);',
        '  else optimizer.learningRate = rate;',
        '}',
      ],
});

const initialRate = (types: boolean): string =>
  types ? '(model.optimizer as unknown as { learningRate: number }).learningRate' : 'model.optimizer.learningRate';

/** A callback that sets the rate before every epoch; warming up, before every batch. */
const schedule = (name: 'learningRateSchedule' | 'warmUp', types: boolean): Helper => {
  const counter = name === 'warmUp' ? 'step' : 'epoch';
  const signature = types
    ? `function ${name}(model: tf.LayersModel, rate: (initial: number, ${counter}: number) => number): tf.CustomCallbackArgs {`
    : `function ${name}(model, rate) {`;
  const initial = `  let initial${types ? ': number | undefined' : ''};`;
  const body =
    name === 'warmUp'
      ? [
          '  let step = 0;',
          '  return {',
          '    onBatchBegin: async () => {',
          `      initial ??= ${initialRate(types)};`,
          '      setLearningRate(model.optimizer, rate(initial, step++));',
          '    },',
        ]
      : [
          '  return {',
          `    onEpochBegin: async (epoch${types ? ': number' : ''}) => {`,
          `      initial ??= ${initialRate(types)};`,
          '      setLearningRate(model.optimizer, rate(initial, epoch));',
          '    },',
        ];
  return {
    name,
    lines: [
      `/** Sets the learning rate before every ${name === 'warmUp' ? 'batch' : 'epoch'}. */`,
      signature,
      initial,
      ...body,
      '  };',
      '}',
    ],
  };
};

const plateau = (types: boolean): Helper => ({
  name: 'reduceOnPlateau',
  lines: [
    '/** Multiplies the learning rate by factor once the loss has not improved for patience epochs. */',
    types
      ? 'function reduceOnPlateau(model: tf.LayersModel, factor: number, patience: number): tf.CustomCallbackArgs {'
      : 'function reduceOnPlateau(model, factor, patience) {',
    '  let best = Infinity;',
    '  let waited = 0;',
    '  return {',
    `    onEpochEnd: async (epoch${types ? ': number' : ''}, logs${types ? '?: tf.Logs' : ''}) => {`,
    '      const loss = logs?.val_loss ?? logs?.loss ?? NaN;',
    '      if (loss < best * (1 - 1e-4)) {',
    '        best = loss;',
    '        waited = 0;',
    '      } else if (++waited > patience) {',
    `        setLearningRate(model.optimizer, ${initialRate(types)} * factor);`,
    '        waited = 0;',
    '      }',
    '    },',
    '  };',
    '}',
  ],
});

// ------------------------------------------------------------------ a loop of the program's own

const defaultRates: Readonly<Record<string, string>> = {
  adamax: '0.002',
  adam: '0.001',
  rmsprop: '0.01',
  adadelta: '0.001',
};

const inLoop = (
  code: Code,
  step: Event,
  id: ScheduleId,
  parameters: RemedyParameters,
  given: RemedyParameters,
): void => {
  const { file } = step.site;
  const { source } = file;
  const optimizer = step.target;
  const callee = step.call?.node.callee;
  if (optimizer?.kind !== 'object' || callee?.kind !== 'attribute')
    throw new DoesNotFit('Where the optimizer is made is not known.');
  if (id === 'reduce-lr-on-plateau')
    throw new DoesNotFit('A loop of its own must say itself when the loss has stalled; fit has callbacks for that.');
  const counted = countedLoops(file, step);
  const loop = id === 'warmup' ? counted.at(-1) : counted[0];
  if (loop?.target.kind !== 'name' || loop.body.statements.length === 0)
    throw new DoesNotFit('The loop around the training does not count its epochs.');
  const [rate] = optimizer.call.node.arguments;
  const kind = optimizer.path.slice(optimizer.path.lastIndexOf('.') + 1);
  const initial = rate ? source.slice(rate) : defaultRates[kind];
  if (initial === undefined || optimizer.site.file !== file || (rate && !['number', 'name'].includes(rate.value.kind)))
    throw new DoesNotFit('The initial learning rate is not written where the optimizer is made.');
  const length = lengthOf(
    id,
    parameters,
    given,
    loop.iterable.kind === 'range' ? source.slice(loop.iterable.stop) : undefined,
  );
  const name = source.slice(callee.object);
  const written = `setLearningRate(${name}, ${withoutBrackets(rateOf(id, parameters, length, initial, loop.target.name))});`;
  const [first] = loop.body.statements as [StatementOf<'expression'>];
  if (/^setLearningRate\(/.test(source.slice(first))) {
    code.replace({ file, from: first.from, to: first.to }, written);
    return;
  }
  code.help(file, setter(isTypeScript(file)));
  code.edit(file, insertBefore(source, first, [written]));
};

/** The loops around a step that count, the outermost first. */
const countedLoops = (file: ParsedSource, step: Event): StatementOf<'for'>[] =>
  placesAround(file.root, step.site.from).flatMap(({ statement }) =>
    statement.kind === 'for' && statement.iterable.kind === 'range' ? [statement] : [],
  );
