/** Gradient clipping as an edit: where a training loop has none, and where it has some. */
import type { ParsedSource } from '../parse';
import type { Fix } from '../rules/rule';
import { placeOf } from '../syntax';
import type { TextEdit } from '../text';
import type { Event } from '../trace';
import type { Value } from '../values';
import { setArgument } from './arguments';
import { quoteOf, referTo } from './references';
import { insertBefore } from './statements';
import { clipTensorFlow } from './tensorflow-clipping';

/** The parameters that an optimizer updates, written with nothing but the optimizer. */
const parametersOfOptimizer = (file: ParsedSource, step: ClippingStep): string | undefined => {
  const callee = step.call?.node.callee;
  const argument = step.call?.node.arguments[0];
  if (callee?.kind !== 'attribute') return undefined;
  // `scaler.step(optimizer)` names the optimizer as its argument.
  const optimizer = file.source.slice(step.scaled && argument ? argument : callee.object);
  const quote = quoteOf(file);
  return `[p for group in ${optimizer}.param_groups for p in group[${quote}params${quote}]]`;
};

/** The expression after `model` in `optim.SGD(model.parameters())`, if the loop can write it too. */
const modelExpression = (
  file: ParsedSource,
  optimizer: Value | undefined,
  step: Pick<Event, 'frames'>,
): string | undefined => {
  if (optimizer?.kind !== 'object' || optimizer.site.file !== file) return undefined;
  const node = optimizer.call.node.arguments[0]?.value;
  if (node?.kind !== 'call' || node.callee.kind !== 'attribute' || node.callee.name !== 'parameters') return undefined;
  const owner = node.callee.object;
  const inside = step.frames.at(-1)?.node;
  const sameFunction = !inside || (inside.from <= optimizer.site.from && optimizer.site.to <= inside.to);
  const name = owner.kind === 'name' ? owner.name : undefined;
  if (
    owner.kind === 'attribute' &&
    owner.object.kind === 'name' &&
    owner.object.name === 'self' &&
    inside?.parameters[0]?.name === 'self'
  )
    return file.source.slice(node);
  if (name === undefined) return undefined;
  const isParameter = inside?.parameters.some((parameter) => parameter.name === name) ?? false;
  return sameFunction || isParameter ? file.source.slice(node) : undefined;
};

/** The parameters that a step updates, as the program can write them there. */
export const parametersOf = (file: ParsedSource, step: ClippingStep): string | undefined =>
  modelExpression(file, step.target, { frames: step.frames ?? [] }) ?? parametersOfOptimizer(file, step);

export interface ClippingStep extends Pick<Event, 'site' | 'call'> {
  target?: Value;
  scaled?: boolean;
  frames?: Event['frames'];
  kind?: Event['kind'];
}

/** The statements that clip the gradients of a training step, right before it. */
export const clipBeforeStep = (
  file: ParsedSource,
  step: ClippingStep,
  which: 'norm' | 'value',
  limit: string,
  unscaled: boolean,
): TextEdit[] | undefined => {
  const { source, root } = file;
  const place = placeOf(root, step.site.from);
  if (!place || step.site.file !== file || !['expression', 'assign', 'return'].includes(place.statement.kind))
    return undefined;
  const name = which === 'norm' ? 'clip_grad_norm_' : 'clip_grad_value_';
  const reference = referTo(file, `torch.nn.utils.${name}`);
  // What a closure differentiates, `step(closure)` updates at once: there is nothing between.
  if (!step.scaled && (step.call?.node.arguments.length ?? 0) > 0) return undefined;
  const parameters = parametersOf(file, step);
  if (parameters === undefined) return undefined;
  const keyword = which === 'norm' ? 'max_norm' : 'clip_value';
  const lines: string[] = [];
  const callee = step.call?.node.callee;
  const optimizer = step.call?.node.arguments[0];
  if (step.scaled && !unscaled && callee?.kind === 'attribute' && optimizer)
    lines.push(`${source.slice(callee.object)}.unscale_(${source.slice(optimizer)})`);
  lines.push(`${reference.text}(${parameters}, ${keyword}=${limit})`);
  // `loss.backward(); optimizer.step()` on one line: between the two.
  const { from } = place.statement;
  const isFirst = source.text.slice(source.lineStart(from), from).trim() === '';
  const edit = isFirst
    ? insertBefore(source, place.statement, lines)
    : { from, to: from, insert: lines.map((line) => `${line}; `).join('') };
  return [...reference.edits, edit];
};

/** The fix for training that clips nothing: between backward and step, in the trainer's arguments, around the optimizer. */
export const clipFix = (file: ParsedSource, backward: Event | undefined, step: ClippingStep, limit = '1.0'): Fix[] => {
  const title = `Clip the gradients to a global norm of ${limit}`;
  const fix = (edits: readonly TextEdit[]): Fix[] => [{ title, safe: false, remedy: 'clip-grad-norm', edits }];
  if (file.source.language === 'javascript') {
    const edits = clipTensorFlow(file, step, 'norm', limit);
    return edits ? fix(edits) : [];
  }
  if (!backward) return step.call ? fix([setArgument(file, step.call.node, 'gradient_clip_val', limit)]) : [];
  const edits = clipBeforeStep(file, step, 'norm', limit, false);
  return edits ? fix(edits) : [];
};
