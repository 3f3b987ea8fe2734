/** Normalization after hidden layers. */
import { addItemAfter } from '../../source/edits/activation';
import { appendArgument, argumentNamed } from '../../source/edits/arguments';
import { quoteOf } from '../../source/edits/references';
import { hasOwnLines, insertAfter } from '../../source/edits/statements';
import { placeOf } from '../../source/syntax';
import { argument, constantArgument, type Layer, type Op } from '../../source/values';
import { DoesNotFit, type RemedyParameters } from '../remedy';
import { sameSite, type Code } from './code';
import { callsOf, creationOf, ownerText } from './creation';
import type { SourceEditor } from './editors';
import { normalizeTensorFlow } from './tensorflow-normalization';
import { blocksOf, byCreation, featuresText, isNormalized, recurrentOps, type LayerOp } from './network';
import { attributeUses, namesOfLayers } from './uses';

export const normalizationEditor = (id: 'batch-norm' | 'layer-norm'): SourceEditor => ({
  stage: 'normalization',
  edit(code, parameters) {
    if (code.framework === 'tensorflow') normalizeTensorFlow(code, id, parameters);
    else if (id === 'batch-norm') addBatchNorm(code, parameters);
    else addLayerNorm(code, parameters);
    return id === 'batch-norm' ? 'Add batch normalization' : 'Add layer normalization';
  },
});

const hiddenWithout = (code: Code): LayerOp[] => {
  const hidden = blocksOf(code).map(({ weights }) => weights);
  if (hidden.length === 0) return [];
  const bare = hidden.filter((op) => !isNormalized(code, op) && !op.layer.type.startsWith('Lazy'));
  if (bare.length === 0) throw new DoesNotFit('The hidden layers here are normalized already.');
  return bare;
};

const addBatchNorm = (code: Code, { momentum, eps }: RemedyParameters): void => {
  const options = (momentum === 0.1 ? '' : `, momentum=${momentum}`) + (eps === 1e-5 ? '' : `, eps=${eps}`);
  const hidden = hiddenWithout(code);
  const fitting = hidden.filter((op) => !(op.layer.type === 'Linear' && isSequenceOp(code, op)));
  if (fitting.length === 0)
    throw new DoesNotFit(
      hidden.length > 0
        ? 'These linear layers take sequences, of which BatchNorm1d would normalize the time steps; layer norm fits.'
        : 'There is no hidden linear or convolution layer here.',
    );
  for (const ops of byCreation(fitting)) {
    const { layer } = ops[0]!;
    const rank = /Linear$/.test(layer.type) ? '1' : /(\d)d$/.exec(layer.type)?.[1];
    if (rank === undefined) continue;
    const width = widthOf(layer);
    const name = code.refer(layer.site.file, `torch.nn.BatchNorm${rank}d`);
    insertAfterLayer(code, ops, `${name}(${width}${options})`, withoutBias(code, ops));
  }
};

const addLayerNorm = (code: Code, { eps }: RemedyParameters): void => {
  const options = eps === 1e-5 ? '' : `, eps=${eps}`;
  const recurrent = recurrentOps(code).filter(({ layer }) => !layer.type.endsWith('Cell'));
  const bareRecurrent = recurrent.filter((op) => !isNormalized(code, op));
  const hidden = recurrent.length > 0 && bareRecurrent.length === 0 ? [] : hiddenWithout(code);
  const linear = hidden.filter(({ layer }) => layer.type === 'Linear');
  if (linear.length + bareRecurrent.length === 0)
    throw new DoesNotFit(
      recurrent.length > 0
        ? 'The recurrent layers here are normalized already.'
        : 'There is no hidden linear or recurrent layer here (after convolutions, use batch norm).',
    );
  for (const ops of byCreation(linear)) {
    const { layer } = ops[0]!;
    const name = code.refer(layer.site.file, 'torch.nn.LayerNorm');
    insertAfterLayer(code, ops, `${name}(${widthOf(layer)}${options})`, []);
  }
  for (const ops of byCreation(bareRecurrent)) normalizeSequence(code, ops, options);
};

const widthOf = (layer: Layer): string => {
  const width = featuresText(layer, 'out');
  if (width === undefined) throw new DoesNotFit(`How wide this ${layer.type} is, is not written where it is made.`);
  return width;
};

/** Whether a linear layer takes [batch, time, features]: what it takes comes from a sequence, no step picked out. */
const isSequenceOp = (code: Code, op: Op): boolean => {
  const seen = new Set<Op>();
  const queue = [...op.inputs];
  for (let at = queue.pop(); at; at = queue.pop()) {
    if (seen.has(at) || ['mean', 'sum', 'max', 'item', 'flatten', 'select', 'squeeze'].includes(at.name)) continue;
    seen.add(at);
    if (['recurrent', 'attention', 'embedding'].includes(at.category)) return true;
    queue.push(...at.inputs);
  }
  return false;
};

/** Takes the bias off layers before a batch norm, unless something else sets it. */
const withoutBias = (code: Code, ops: readonly LayerOp[]): { from: number; to: number; insert: string }[] => {
  const { layer } = ops[0]!;
  const { file } = layer.site;
  const { node } = layer.call;
  const layers = new Set(ops.map((op) => op.layer));
  if (
    code.trace.initializations.some(
      ({ parameter }) => parameter.layer && layers.has(parameter.layer) && parameter.name === 'bias',
    )
  )
    return [];
  const names = namesOfLayers(code.trace, layers);
  if ([...attributeUses(file.root, /^bias$/)].some(({ owner }) => owner !== undefined && names.has(owner))) return [];
  if (node.arguments.some(({ spread }) => spread)) return [];
  const index = /Linear$/.test(layer.type) ? 2 : 7;
  if (constantArgument(layer.call, 'bias', index) === false) return [];
  const present = argumentNamed(node, 'bias')?.value ?? argument(layer.call, 'bias', index)?.node;
  if (present && (present.from < node.from || present.to > node.to)) return [];
  return [present ? { from: present.from, to: present.to, insert: 'False' } : appendArgument(file, node, 'bias=False')];
};

/** Puts a module after layers, in the way in which they are made and called. */
const insertAfterLayer = (
  code: Code,
  ops: readonly LayerOp[],
  module: string,
  layerEdits: readonly { from: number; to: number; insert: string }[],
): void => {
  const { layer } = ops[0]!;
  const { file } = layer.site;
  const { source } = file;
  const quote = quoteOf(file);
  const creation = creationOf(code, ops);
  code.edit(file, ...layerEdits);
  switch (creation.kind) {
    case 'item':
      code.edit(file, addItemAfter(file, creation.held.node, module));
      return;
    case 'named-item':
      code.edit(file, addItemAfter(file, creation.pair, `(${quote}${creation.name}_norm${quote}, ${module})`));
      return;
    case 'append':
      code.edit(file, insertAfter(source, creation.place.statement, [`${creation.list}.append(${module})`]));
      return;
    case 'attribute': {
      const calls = callsOf(
        code,
        ops.map((op) => op.layer),
      );
      if (calls.some((op) => op.site.file !== file))
        throw new DoesNotFit('This layer is called from another file than it is made in.');
      code.edit(file, insertAfter(source, creation.statement, [`${creation.target}_norm = ${module}`]));
      for (const op of calls) code.wrap(op.site, `${ownerText(op)}.${creation.name}_norm(`, ')');
      return;
    }
    case 'expression': {
      // Not a part of the layer's own site: `weight_norm(nn.Linear(…))` is still one module.
      const sequential = code.refer(file, 'torch.nn.Sequential');
      code.wrap(layer.site, `${sequential}(`, `, ${module})`);
    }
  }
};

/** Normalizes what a recurrent layer gives out at every step. */
const normalizeSequence = (code: Code, ops: readonly LayerOp[], options: string): void => {
  const { layer } = ops[0]!;
  const { file } = layer.site;
  const { source } = file;
  const creation = creationOf(code, ops);
  if (creation.kind !== 'attribute')
    throw new DoesNotFit(`This ${layer.type} is no attribute of its module; normalize its output by hand.`);
  const bidirectional = argument(layer.call, 'bidirectional', -1)?.value;
  const hidden = argument(layer.call, 'hidden_size', 1)?.node;
  if (!hidden || (bidirectional && bidirectional.kind !== 'constant') || argument(layer.call, 'proj_size', -1))
    throw new DoesNotFit(`How wide the output of this ${layer.type} is, is not known.`);
  const text = source.slice(hidden);
  const isSimple = hidden.kind === 'name' || hidden.kind === 'number' || hidden.kind === 'attribute';
  const width = bidirectional?.value ? `2 * ${isSimple ? text : `(${text})`}` : text;
  const norm = code.refer(file, 'torch.nn.LayerNorm');
  for (const op of callsOf(
    code,
    ops.map((each) => each.layer),
  )) {
    const statement = placeOf(file.root, op.site.from)?.statement;
    const call = op.call!.node;
    const module = `${ownerText(op)}.${creation.name}_norm`;
    const index = /^\s*\[\s*0\s*\]/.exec(source.text.slice(call.to));
    if (index) {
      code.wrap({ file, from: call.from, to: call.to + index[0].length }, `${module}(`, ')');
      continue;
    }
    const isWhole = statement?.kind === 'assign' && sameSite({ file, ...statement.value }, op.site);
    const [target] = statement?.kind === 'assign' ? statement.targets : [];
    const sequence = target?.kind === 'list' ? target.items[0] : undefined;
    if (!isWhole || !hasOwnLines(source, statement) || sequence?.kind !== 'name')
      throw new DoesNotFit(`What this ${layer.type} gives out is not unpacked where it is called.`);
    if (/^_/.test(sequence.name))
      throw new DoesNotFit(`Only the last state of this ${layer.type} is used, not the sequence to normalize.`);
    code.edit(file, insertAfter(source, statement, [`${sequence.name} = ${module}(${sequence.name})`]));
  }
  code.edit(file, insertAfter(source, creation.statement, [`${creation.target}_norm = ${norm}(${width}${options})`]));
};
