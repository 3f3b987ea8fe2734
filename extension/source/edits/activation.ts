/** Swapping and adding activations, in every way of writing them. */
import type { Framework } from '../analyse';
import type { ParsedSource } from '../parse';
import { placeOf, type Expression, type ExpressionOf } from '../syntax';
import type { TextEdit } from '../text';
import type { Op } from '../values';
import { expressionsIn, setEntry } from './arguments';
import { quoteOf, referTo } from './references';
import { expressionsOf } from './statement-expressions';

export type ActivationId = 'relu' | 'leaky-relu' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish';

interface Spelling {
  /** `nn.LeakyReLU` and its arguments. */
  module: string;
  function: string;
  parameter?: { ours: string; theirs: string };
  /** In a TensorFlow.js configuration; without one, the activation is a layer there. */
  config?: string;
  /** `tf.relu`. */
  tensorFlow?: string;
}

export const activations: Readonly<Record<ActivationId, Spelling>> = {
  relu: { module: 'ReLU', function: 'relu', config: 'relu', tensorFlow: 'relu' },
  'leaky-relu': {
    module: 'LeakyReLU',
    function: 'leaky_relu',
    parameter: { ours: 'slope', theirs: 'negative_slope' },
    tensorFlow: 'leakyRelu',
  },
  elu: {
    module: 'ELU',
    function: 'elu',
    parameter: { ours: 'alpha', theirs: 'alpha' },
    config: 'elu',
    tensorFlow: 'elu',
  },
  selu: { module: 'SELU', function: 'selu', config: 'selu', tensorFlow: 'selu' },
  gelu: { module: 'GELU', function: 'gelu', config: 'gelu' },
  silu: { module: 'SiLU', function: 'silu', config: 'swish' },
  mish: { module: 'Mish', function: 'mish', config: 'mish' },
};

type Parameters = Readonly<Record<string, unknown>>;

const pythonArguments = ({ parameter }: Spelling, parameters: Parameters): string => {
  const value = parameter && parameters[parameter.ours];
  return parameter && typeof value === 'number' ? `${parameter.theirs}=${value}` : '';
};

/** Replaces activations; `undefined` where one of them is not written in a way that can be replaced. */
export const activationFix = (
  file: ParsedSource,
  ops: readonly Op[],
  id: ActivationId,
  parameters: Parameters,
): TextEdit[] | undefined => {
  const edits: TextEdit[] = [];
  const done = new Set<number>();
  for (const op of ops) {
    const made =
      file.source.language === 'python' ? replaceInPython(file, op, id, parameters) : replaceInJavaScript(file, op, id);
    if (!made) return undefined;
    for (const edit of made) {
      if (done.has(edit.from) && edit.from !== edit.to) continue;
      if (edit.from === edit.to && edits.some((other) => other.from === edit.from && other.insert === edit.insert))
        continue;
      if (edit.from !== edit.to) done.add(edit.from);
      edits.push(edit);
    }
  }
  return edits.length > 0 ? edits : undefined;
};

const replaceInPython = (
  file: ParsedSource,
  op: Op,
  id: ActivationId,
  parameters: Parameters,
): TextEdit[] | undefined => {
  const spelling = activations[id];
  const given = pythonArguments(spelling, parameters);
  if (op.layer) {
    const { node, site } = op.layer.call;
    if (site.file !== file || node.callee.from === node.callee.to) return undefined;
    const { edits, text } = referTo(file, `torch.nn.${spelling.module}`);
    return [...edits, { from: node.from, to: node.to, insert: `${text}(${given})` }];
  }
  const node = op.call?.node;
  if (!node || op.site.file !== file) return undefined;
  const { edits, text } = referTo(file, `torch.nn.functional.${spelling.function}`);
  const isMethod = node.arguments.length === 0 && node.callee.kind === 'attribute';
  if (isMethod && node.callee.kind === 'attribute')
    return [
      ...edits,
      {
        from: node.from,
        to: node.to,
        insert: `${text}(${file.source.slice(node.callee.object)}${given && `, ${given}`})`,
      },
    ];
  const [argument] = node.arguments;
  if (!argument) return undefined;
  return [
    ...edits,
    { from: node.callee.from, to: node.callee.to, insert: text },
    ...(given ? [{ from: argument.to, to: node.argumentList.to - 1, insert: `, ${given}` }] : []),
  ];
};

const replaceInJavaScript = (file: ParsedSource, op: Op, id: ActivationId): TextEdit[] | undefined => {
  const { config, tensorFlow } = activations[id];
  const quote = quoteOf(file);
  if (op.site.file !== file) return undefined;
  const written = file.source.slice(op.site);
  if (/^['"`]/.test(written))
    return config ? [{ from: op.site.from, to: op.site.to, insert: `${quote}${config}${quote}` }] : undefined;
  const node = op.call?.node;
  if (!node || tensorFlow === undefined || node.callee.kind !== 'attribute') return undefined;
  const { callee } = node;
  return [{ from: callee.to - callee.name.length, to: callee.to, insert: tensorFlow }];
};

/** An expression with the one that it is an argument or item of. */
export interface Held {
  node: Expression;
  holder: ExpressionOf<'call'> | ExpressionOf<'list'>;
  index: number;
}

/** Where an expression is an item of a list or an argument of a call. */
export const holderOf = (file: ParsedSource, span: { from: number; to: number }): Held | undefined => {
  const statement = placeOf(file.root, span.from)?.statement;
  if (!statement) return undefined;
  for (const root of expressionsOf(statement))
    for (const holder of expressionsIn(root)) {
      const items =
        holder.kind === 'call'
          ? holder.arguments.map(({ value }) => value)
          : holder.kind === 'list'
            ? holder.items
            : [];
      const index = items.findIndex(({ from, to }) => from === span.from && to === span.to);
      if (index >= 0 && (holder.kind === 'call' || holder.kind === 'list'))
        return { node: items[index]!, holder, index };
    }
  return undefined;
};

/** Adds an item after another one of the same list or call, on a line of its own where items have their own lines. */
export const addItemAfter = ({ source }: ParsedSource, item: { from: number; to: number }, text: string): TextEdit => {
  const ownLine = source.text.slice(source.lineStart(item.from), item.from).trim() === '';
  const separator = ownLine ? `,${source.newline}${source.indentation(item.from)}` : ', ';
  return { from: item.to, to: item.to, insert: `${separator}${text}` };
};

const isSequence = ({ source }: ParsedSource, { holder }: Held): boolean =>
  holder.kind === 'list' || /\bSequential$/.test(source.slice(holder.callee));

/** Adds a ReLU after a layer: as the next item of its sequence, around its call in `forward`, in its configuration. */
export const activationAfterFix = (file: ParsedSource, op: Op, framework: Framework): TextEdit[] | undefined => {
  const { layer } = op;
  if (!layer || layer.site.file !== file) return undefined;
  if (framework === 'tensorflow') {
    const config = layer.call.node.arguments[0]?.value;
    const quote = quoteOf(file);
    return config?.kind === 'dict' ? [setEntry(config, 'activation', `${quote}relu${quote}`)] : undefined;
  }
  const held = holderOf(file, layer.site);
  if (held) {
    if (!isSequence(file, held)) return undefined;
    const { edits, text } = referTo(file, 'torch.nn.ReLU');
    return [...edits, addItemAfter(file, held.node, `${text}()`)];
  }
  const node = op.call?.node;
  if (!node || op.site.file !== file || node.callee.from === node.callee.to) return undefined;
  const { edits, text } = referTo(file, 'torch.nn.functional.relu');
  return [
    ...edits,
    { from: node.from, to: node.from, insert: `${text}(` },
    { from: node.to, to: node.to, insert: ')' },
  ];
};
