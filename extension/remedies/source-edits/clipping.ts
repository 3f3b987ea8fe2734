/** Gradients clipped between `backward()` and `step()`; existing clipping is adjusted. */
import { holderOf } from '../../source/edits/activation';
import { argumentNamed, setArgument } from '../../source/edits/arguments';
import { clipBeforeStep, parametersOf } from '../../source/edits/clipping';
import { quoteOf } from '../../source/edits/references';
import { insertAfter } from '../../source/edits/statements';
import { clipTensorFlow } from '../../source/edits/tensorflow-clipping';
import { before as eventBefore, passOf } from '../../source/rules/training-pass';
import { placeOf } from '../../source/syntax';
import type { Event } from '../../source/trace';
import { configEntry, constantArgument } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code } from './code';
import type { SourceEditor } from './editors';
import { functionStart } from './training-loop';

const keywords = { norm: 'max_norm', value: 'clip_value' } as const;

export const clippingEditor = (which: 'norm' | 'value'): SourceEditor => ({
  stage: 'optimizer',
  edit(code, parameters) {
    const limit = String(parameters[keywords[which]]);
    if (code.framework === 'tensorflow') inTensorFlow(code, which, limit);
    else inPyTorch(code, which, limit);
    return which === 'norm' ? `Clip the gradients to a global norm of ${limit}` : `Clip every gradient to ±${limit}`;
  },
});

const inPyTorch = (code: Code, which: 'norm' | 'value', limit: string): void => {
  const steps = distinct(code.trace.events.filter(({ kind }) => kind === 'optimizer-step')).filter(
    (event) => !event.withoutGradient,
  );
  const wanted = steps.filter((step) => concerns(code, step));
  const trainers = distinct(code.trace.events.filter(({ kind, site }) => kind === 'trainer' && code.includes(site)));
  if (wanted.length === 0 && trainers.length === 0)
    throw new DoesNotFit(
      steps.length === 0
        ? 'There is no training loop here: nothing calls optimizer.step(), and no trainer is made.'
        : 'The training loop is elsewhere.',
    );
  for (const trainer of trainers) inTrainer(code, trainer, which, limit);
  for (const step of wanted) atStep(code, step, which, limit);
};

const distinct = (events: readonly Event[]): Event[] => [
  ...new Map(events.map((event) => [`${event.site.file.source.path}:${event.site.from}`, event])).values(),
];

/** Whether a step belongs to the part of the program that is meant: itself, or its backward pass. */
const concerns = (code: Code, step: Event): boolean => {
  if (code.includes(step.site)) return true;
  const pass = passOf(code.trace, step);
  return ['backward', 'clip'].some((kind) => {
    const event = eventBefore(pass, step, kind as Event['kind']);
    return event !== undefined && code.includes(event.site);
  });
};

const unknownParameters = 'Which parameters the optimizer updates cannot be written where it steps; clip them by hand.';

const atStep = (code: Code, step: Event, which: 'norm' | 'value', limit: string): void => {
  const { file } = step.site;
  const pass = passOf(code.trace, step);
  const backward = eventBefore(pass, step, 'backward');
  const since = pass.filter(({ order }) => order < step.order && order > (backward?.order ?? 0));
  const clip = since.find(({ kind }) => kind === 'clip');
  if (clip) {
    adjust(code, clip, which, limit);
    return;
  }
  const closure = !step.scaled && step.call && step.call.node.arguments.length > 0;
  if (closure && backward && functionStart(backward.site) !== functionStart(step.site)) {
    const text = parametersOf(file, step);
    if (text === undefined || backward.site.file !== file) throw new DoesNotFit(unknownParameters);
    const clipping = code.refer(file, `torch.nn.utils.clip_grad_${which}_`);
    const { statement } = placeOf(file.root, backward.site.from)!;
    const line = `${clipping}(${text}, ${keywords[which]}=${limit})`;
    code.edit(file, insertAfter(file.source, statement, [line]));
    return;
  }
  const unscaled = since.some(({ kind }) => kind === 'unscale');
  const edits = clipBeforeStep(file, step, which, limit, unscaled);
  if (!edits) throw new DoesNotFit(unknownParameters);
  code.take(file, edits);
};

/** An existing `clip_grad_norm_(parameters, 5)` gets the new limit; one of the other kind becomes ours. */
const adjust = (code: Code, clip: Event, which: 'norm' | 'value', limit: string): void => {
  const { file } = clip.site;
  const node = clip.call?.node;
  const name =
    node?.callee.kind === 'attribute' ? node.callee.name : node?.callee.kind === 'name' ? node.callee.name : '';
  const kind = /^clip_grad_(norm|value)_?$/.exec(name)?.[1];
  if (!node || !clip.call || !kind || clip.call.positional.length === 0)
    throw new DoesNotFit('The gradients are clipped already, in a way of their own.');
  const keyword = keywords[kind as 'norm' | 'value'];
  const present = argumentNamed(node, keyword)?.value ?? node.arguments.filter((each) => !each.name)[1]?.value;
  if (kind === which) {
    if (constantArgument(clip.call, keyword, 1) === Number(limit))
      throw new DoesNotFit(`The gradients are clipped to ${limit} already.`);
    if (present) code.edit(file, { from: present.from, to: present.to, insert: limit });
    else code.edit(file, setArgument(file, node, keyword, limit));
    return;
  }
  const parameters = node.arguments[0]!;
  const text = code.refer(file, `torch.nn.utils.clip_grad_${which}_`);
  code.replace(clip.site, `${text}(${file.source.slice(parameters)}, ${keywords[which]}=${limit})`);
};

/** `Trainer(gradient_clip_val=…)` of Lightning, `TrainingArguments(max_grad_norm=…)` of Hugging Face. */
const inTrainer = (code: Code, trainer: Event, which: 'norm' | 'value', limit: string): void => {
  const { call, site } = trainer;
  if (!call) return;
  const { file } = site;
  const quote = quoteOf(file);
  const isLightning = trainer.target?.kind === 'object' && trainer.target.path === 'lightning.Trainer';
  if (isLightning) {
    if (
      constantArgument(call, 'gradient_clip_val', -1) === Number(limit) &&
      (constantArgument(call, 'gradient_clip_algorithm', -1) ?? 'norm') === which
    )
      throw new DoesNotFit(`The trainer clips to ${limit} already.`);
    const algorithm = argumentNamed(call.node, 'gradient_clip_algorithm');
    if (algorithm) {
      code.edit(file, setArgument(file, call.node, 'gradient_clip_val', limit));
      code.edit(file, setArgument(file, call.node, 'gradient_clip_algorithm', `${quote}${which}${quote}`));
    } else {
      const value = which === 'value' ? `${limit}, gradient_clip_algorithm=${quote}value${quote}` : limit;
      code.edit(file, setArgument(file, call.node, 'gradient_clip_val', value));
    }
    return;
  }
  if (which === 'value') throw new DoesNotFit('The Hugging Face trainer clips by norm alone.');
  const present = constantArgument(call, 'max_grad_norm', -1) ?? (call.open ? undefined : 1);
  if (present === Number(limit)) throw new DoesNotFit(`The trainer clips to ${limit} already (its default is 1).`);
  code.edit(file, setArgument(file, call.node, 'max_grad_norm', limit));
};

const inTensorFlow = (code: Code, which: 'norm' | 'value', limit: string): void => {
  const steps = distinct(
    code.trace.events.filter(
      ({ kind, site }) => (kind === 'optimizer-step' || kind === 'compile') && code.includes(site),
    ),
  );
  if (steps.length === 0)
    throw new DoesNotFit('There is no training here: nothing compiles a model or applies gradients.');
  const seen = new Set<string>();
  for (const step of steps) {
    if (adjustTensorFlow(code, step, which, limit)) continue;
    const edits = clipTensorFlow(step.site.file, step, which, limit);
    if (!edits) throw new DoesNotFit('Where the optimizer is made is not in this file.');
    const fresh = edits.filter(({ from, insert }) => !seen.has(`${from} ${insert}`));
    for (const { from, insert } of edits) seen.add(`${from} ${insert}`);
    code.edit(step.site.file, ...fresh);
  }
};

/** An optimizer that is wrapped already gets the new limit. */
const adjustTensorFlow = (code: Code, step: Event, which: 'norm' | 'value', limit: string): boolean => {
  const entry = step.kind === 'compile' && step.call ? configEntry(step.call, 'optimizer') : undefined;
  const optimizer = entry ? entry.value : step.target;
  if (optimizer?.kind !== 'object') return false;
  const { file } = optimizer.site;
  const held = holderOf(file, optimizer.site);
  if (held?.holder.kind !== 'call') return false;
  const { holder } = held;
  const kind = { clipByGlobalNorm: 'norm', clipByElement: 'value' }[file.source.slice(holder.callee)];
  const present = holder.arguments[1]?.value;
  if (!kind || !present) return false;
  if (kind !== which) throw new DoesNotFit('The gradients are clipped already, in another way.');
  if (file.source.slice(present) === limit) throw new DoesNotFit(`The gradients are clipped to ${limit} already.`);
  if (code.first(`limit ${present.from}`)) code.replace({ file, from: present.from, to: present.to }, limit);
  return true;
};
