/** How a TensorFlow.js program makes and applies its layers, and putting others after or around them. */
import { addItemAfter, holderOf } from '../../source/edits/activation';
import { expressionsIn, removeItem, setEntry } from '../../source/edits/arguments';
import { isTypeScript } from '../../source/edits/javascript-helpers';
import { expressionsOf } from '../../source/edits/statement-expressions';
import { hasOwnLines, insertAfter } from '../../source/edits/statements';
import {
  placeOf,
  type DictEntry,
  type Expression,
  type ExpressionOf,
  type Place,
  type Statement,
} from '../../source/syntax';
import type { TextEdit } from '../../source/text';
import { configConstant, configEntry, itemsOf, type Layer, type Op, type Site } from '../../source/values';
import { DoesNotFit } from '../remedy';
import type { Code, Helper } from './code';
import type { Block, LayerOp } from './network';

/** The configuration that a layer is made with, where it is written as an object right there. */
export const configOf = (layer: Layer): ExpressionOf<'dict'> => {
  const config = layer.call.node.arguments[0]?.value;
  if (config?.kind !== 'dict') throw new DoesNotFit('A layer takes its configuration from elsewhere; change it there.');
  return config;
};

export const entryOf = (config: ExpressionOf<'dict'>, name: string): DictEntry | undefined =>
  config.entries.find(({ key }) => key?.kind === 'string' && key.value === name);

/** How the file calls TensorFlow.js: `tf` of `tf.layers.dense(…)`. */
export const namespaceOf = ({ site, call }: Layer): string => {
  const text = site.file.source.slice(call.node.callee);
  return /^([\w$]+)\.layers\./.exec(text)?.[1] ?? 'tf';
};

export type Application =
  /** An item of `tf.sequential({ layers: […] })`. */
  | { kind: 'item'; list: Site; site: Site }
  /** `model.add(…);` */
  | { kind: 'add'; place: Place; model: string; site: Site }
  /** `layer.apply(x)`, at every place where it is. */
  | { kind: 'apply'; calls: readonly Site[] };

const isInSequence = ({ trace }: Code, layer: Layer): boolean =>
  trace.containers.some((container) => container.type === 'Sequential' && itemsOf(container).includes(layer));

export const applicationOf = (code: Code, layer: Layer): Application => {
  const { file } = layer.site;
  if (!isInSequence(code, layer)) {
    const calls = code.trace.ops.filter(
      (op) => op.layer === layer && op.category !== 'activation' && op.site.file === file,
    );
    if (calls.length === 0) throw new DoesNotFit('A layer is not applied in the file that makes it.');
    return { kind: 'apply', calls: [...new Map(calls.map(({ site }) => [site.from, site])).values()] };
  }
  const held = holderOf(file, layer.site);
  if (held?.holder.kind === 'list')
    return { kind: 'item', list: { file, from: held.holder.from, to: held.holder.to }, site: layer.site };
  const place = placeOf(file.root, layer.site.from);
  const callee = held ? file.source.slice(held.holder.callee) : '';
  if (held && place && callee.endsWith('.add') && hasOwnLines(file.source, place.statement))
    return { kind: 'add', place, model: callee.slice(0, -'.add'.length), site: layer.site };
  throw new DoesNotFit('A layer is made in a way that leaves no place for another one after it.');
};

/** Puts layers after a layer, each given as the expression that makes it. */
export const followWith = (code: Code, layer: Layer, layers: readonly string[]): void => {
  const { file } = layer.site;
  const application = applicationOf(code, layer);
  switch (application.kind) {
    case 'item':
      for (const each of layers) code.edit(file, addItemAfter(file, layer.site, each));
      return;
    case 'add': {
      const { statement } = application.place;
      const end = file.source.slice(statement).endsWith(';') || file.source.text[statement.to] === ';' ? ';' : '';
      code.edit(
        file,
        insertAfter(
          file.source,
          statement,
          layers.map((each) => `${application.model}.add(${each})${end}`),
        ),
      );
      return;
    }
    case 'apply': {
      const before = layers.toReversed().map((each) => `${each}.apply(`);
      const after = isTypeScript(file) ? ' as tf.SymbolicTensor)' : ')';
      for (const call of application.calls) code.wrap(call, before.join(''), after.repeat(layers.length));
    }
  }
};

/** Takes the activation out of a layer's configuration and returns it as a layer of its own. */
export const splitActivation = (code: Code, layer: Layer): string[] => {
  const { file } = layer.site;
  const config = configOf(layer);
  const entry = entryOf(config, 'activation');
  if (!entry) return [];
  code.edit(file, removeEntry(file, entry));
  return [`${namespaceOf(layer)}.layers.activation({ activation: ${file.source.slice(entry.value)} })`];
};

export const removeEntry = (file: Site['file'], entry: DictEntry): TextEdit => removeItem(file, entry);

/** Sets an entry of a layer's configuration. */
export const configure = (code: Code, layer: Layer, name: string, value: string): void => {
  const { file } = layer.site;
  const config = configOf(layer);
  const present = entryOf(config, name);
  if (present && file.source.slice(present.value) === value) return;
  code.edit(file, setEntry(config, name, value));
};

/** Features of what a layer takes: the width of the layer before it, or the last axis of the input's shape. */
export const widthBefore = (op: Op): number | undefined => {
  let at = op.inputs[0];
  while (
    at &&
    ['activation', 'normalization', 'pass'].includes(at.category) &&
    !/^(flatten|reshape|permute)/.test(at.name)
  ) {
    const own = at.layer && featuresOf(at.layer);
    if (own !== undefined) return own;
    at = at.inputs[0];
  }
  if (at?.layer) {
    const own = featuresOf(at.layer);
    if (own !== undefined) return own;
  }
  const shape = (op.layer && configEntry(op.layer.call, 'inputShape')) ?? (at?.call && configEntry(at.call, 'shape'));
  if (shape?.value.kind !== 'list') return undefined;
  const last = itemsOf(shape.value).at(-1);
  return last?.kind === 'constant' && typeof last.value === 'number' ? last.value : undefined;
};

export const featuresOf = (layer: Layer): number | undefined => {
  const value = configConstant(layer.call, 'units') ?? configConstant(layer.call, 'filters');
  return typeof value === 'number' ? value : undefined;
};

/** Whether a block gives out the shape that it takes. */
export const keepsShapeInTensorFlow = ({ weights }: Block): boolean => {
  const { layer } = weights;
  const [before, after] = [widthBefore(weights), featuresOf(layer)];
  if (before === undefined || before !== after) return false;
  if (layer.type === 'dense') return true;
  if (!/^conv[123]d$/.test(layer.type)) return false;
  const strides = configConstant(layer.call, 'strides');
  return configConstant(layer.call, 'padding') === 'same' && (strides === 1 || !configEntry(layer.call, 'strides'));
};

/** The shape of one sample that a block takes, as far as a nested model needs to know it. */
export const shapeText = ({ weights }: Block): string => {
  const rank = /^conv([123])d$/.exec(weights.layer.type)?.[1];
  const sizes = Array<string>(Number(rank ?? 0)).fill('null');
  return `[${[...sizes, String(featuresOf(weights.layer))].join(', ')}]`;
};

/** The argument that a layer is applied to. */
export const inputOf = (op: LayerOp): Expression | undefined => {
  const call = placeOfCall(op.site);
  return call?.kind === 'call' ? call.arguments[0]?.value : undefined;
};

const placeOfCall = ({ file, from, to }: Site): Expression | undefined => {
  const statement = placeOf(file.root, from)?.statement;
  if (!statement) return undefined;
  return expressionAt(statement, { from, to });
};

const expressionAt = (statement: Statement, span: { from: number; to: number }): Expression | undefined => {
  for (const root of expressionsOf(statement))
    for (const each of expressionsIn(root)) if (each.from === span.from && each.to === span.to) return each;
  return undefined;
};

/** A model of some layers whose input is added to their output, to be used as a layer. */
export const residualModel = (types: boolean): Helper => ({
  name: 'residual',
  lines: [
    '/** Layers whose input is added to what they make of it, as one layer. */',
    types
      ? 'function residual(shape: (number | null)[], layers: tf.layers.Layer[]): tf.LayersModel {'
      : 'function residual(shape, layers) {',
    '  const input = tf.input({ shape });',
    types
      ? '  const output = layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);'
      : '  const output = layers.reduce((x, layer) => layer.apply(x), input);',
    types
      ? '  return tf.model({ inputs: input, outputs: tf.layers.add().apply([input, output]) as tf.SymbolicTensor });'
      : '  return tf.model({ inputs: input, outputs: tf.layers.add().apply([input, output]) });',
    '}',
  ],
});
