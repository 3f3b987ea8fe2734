/** The structure of a network as its source tells it, like `anatomy.ts` reads it from a model. */
import type { Expression } from '../../source/syntax';
import { activationName } from '../../source/pytorch-names';
import { argument, configConstant, configEntry, type Layer, type Op, type Site } from '../../source/values';
import type { Code } from './code';
import { groupBy } from './code';

/** Whether something that fits is computed from an op, before the loss. */
const leadsTo = (code: Code, op: Op, fits: (op: Op) => boolean): boolean => {
  const seen = new Set<Op>();
  const queue = [...code.flow.consumers(op)];
  for (let at = queue.pop(); at; at = queue.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (at.category === 'loss') continue;
    if (fits(at)) return true;
    queue.push(...code.flow.consumers(at));
  }
  return false;
};

const isTrained = ({ category }: Op): boolean => ['weights', 'recurrent', 'attention'].includes(category);

/** Whether a value scales another one: a gate of a highway layer, squeeze-and-excite. */
const isGate = (code: Code, op: Op): boolean =>
  code.flow
    .consumers(op)
    .some(({ category, name, inputs }) => category === 'merge' && /^(mul|multiply)/.test(name) && inputs.length > 1);

/** An activation between layers: not an output's, not a gate's. */
export const isHiddenActivation = (code: Code, op: Op): boolean =>
  op.category === 'activation' && !isGate(code, op) && leadsTo(code, op, isTrained);

/** The activations of a program that a remedy may change. */
export const hiddenActivations = (code: Code): Op[] =>
  code.trace.ops.filter((op) => code.includesOp(op) && isHiddenActivation(code, op));

export const isActivation = (op: Op, id: string): boolean => activationName(op.name) === id.replaceAll('-', '');

/** An op that a layer of the library with its own weights computes. */
export type LayerOp = Op & { layer: Layer };

const isLayerOp = (op: Op): op is LayerOp => op.layer !== undefined;

/** Linear and convolution layers that the remedy is for. */
export const weightOps = (code: Code): LayerOp[] =>
  code.trace.ops.filter(isLayerOp).filter((op) => op.category === 'weights' && code.includesOp(op));

export const recurrentOps = (code: Code): LayerOp[] =>
  code.trace.ops.filter(isLayerOp).filter((op) => op.category === 'recurrent' && code.includesOp(op));

/** The activation that an op's result runs into, normalization and what only passes a tensor on passed over. */
export const activationAfter = (code: Code, op: Op): Op | undefined => {
  let next = code.flow.after(op);
  while (next?.category === 'normalization') next = code.flow.after(next);
  return next?.category === 'activation' ? next : undefined;
};

export const isNormalized = (code: Code, op: Op): boolean => code.flow.after(op)?.category === 'normalization';

/** A weight layer that runs into a hidden activation. */
export interface Block {
  weights: LayerOp;
  activation: Op;
}

/** In the order of the forward pass. A block is meant if its layer or its activation is. */
export const blocksOf = (code: Code): Block[] =>
  code.trace.ops.filter(isLayerOp).flatMap((weights): Block[] => {
    if (weights.category !== 'weights') return [];
    const activation = activationAfter(code, weights);
    if (!activation || !isHiddenActivation(code, activation)) return [];
    return code.includesOp(weights) || code.includesOp(activation) ? [{ weights, activation }] : [];
  });

export const siteKey = ({ file, from, to }: Site): string => `${file.source.path}:${from}-${to}`;

/** Layers by the expression that makes them. */
export const byCreation = (ops: readonly LayerOp[]): LayerOp[][] => [
  ...groupBy(ops, ({ layer }) => siteKey(layer.site)).values(),
];

const isTensorFlow = (layer: Layer): boolean => layer.path.startsWith('tf.');

/** The argument of a layer's call that says how many features go in or come out. */
export const featuresNode = (layer: Layer, which: 'in' | 'out'): Expression | undefined => {
  if (isTensorFlow(layer))
    return which === 'out' ? (configEntry(layer.call, 'units') ?? configEntry(layer.call, 'filters'))?.node : undefined;
  const kind = /Linear$/.test(layer.type) ? 'features' : 'channels';
  const isLazy = layer.type.startsWith('Lazy');
  if (isLazy && which === 'in') return undefined;
  const node = argument(layer.call, `${which}_${kind}`, which === 'in' || isLazy ? 0 : 1)?.node;
  const { node: call } = layer.call;
  return node && call.from <= node.from && node.to <= call.to ? node : undefined;
};

/** A layer's width, where it is known. */
export const featuresValue = (layer: Layer, which: 'in' | 'out'): number | undefined => {
  if (isTensorFlow(layer)) {
    const value = configConstant(layer.call, 'units') ?? configConstant(layer.call, 'filters');
    return typeof value === 'number' ? value : undefined;
  }
  const kind = /Linear$/.test(layer.type) ? 'features' : 'channels';
  const value = argument(layer.call, `${which}_${kind}`, which === 'in' ? 0 : 1)?.value;
  return value?.kind === 'constant' && typeof value.value === 'number' ? value.value : undefined;
};

/** How the source writes a layer's width. */
export const featuresText = (layer: Layer, which: 'in' | 'out'): string | undefined => {
  const node = featuresNode(layer, which);
  return node && layer.site.file.source.slice(node);
};

/** Whether a layer gives out the shape that it takes; `undefined` where that cannot be known. */
export const keepsShape = (layer: Layer): boolean | undefined => {
  const [input, output] = [featuresValue(layer, 'in'), featuresValue(layer, 'out')];
  const texts = [featuresText(layer, 'in'), featuresText(layer, 'out')];
  const sameText = texts[0] !== undefined && texts[0] === texts[1];
  const same = input !== undefined && output !== undefined ? input === output : sameText || undefined;
  if (same !== true || /Linear$/.test(layer.type)) return same;
  return keepsSize(layer);
};

/** Whether a convolution keeps the size of its input. */
export const keepsSize = (layer: Layer): boolean | undefined => {
  if (!/^Conv[123]d$/.test(layer.type)) return false;
  const numbers = (name: string, index: number, otherwise: number): number[] | undefined => {
    const value = argument(layer.call, name, index)?.value;
    if (!value) return [otherwise];
    if (value.kind === 'constant' && typeof value.value === 'number') return [value.value];
    if (value.kind !== 'list') return undefined;
    const items = value.slots.get('items') ?? [];
    return items.map((item) => (item.kind === 'constant' && typeof item.value === 'number' ? item.value : NaN));
  };
  const stride = numbers('stride', 3, 1);
  if (!stride?.every((each) => each === 1)) return false;
  const padding = argument(layer.call, 'padding', 4)?.value;
  if (padding?.kind === 'constant' && padding.value === 'same') return true;
  const [kernel, pads, dilation] = [
    numbers('kernel_size', 2, NaN),
    numbers('padding', 4, 0),
    numbers('dilation', 5, 1),
  ];
  if (!kernel || !pads || !dilation) return undefined;
  const at = (list: readonly number[], axis: number): number => list[Math.min(axis, list.length - 1)]!;
  const axes = [...Array(Math.max(kernel.length, pads.length, dilation.length)).keys()];
  return axes.every((axis) => 2 * at(pads, axis) === at(dilation, axis) * (at(kernel, axis) - 1));
};

const keepsTensor = ({ category, name }: Op): boolean =>
  ['activation', 'normalization', 'scale', 'parameter', 'constant', 'input'].includes(category) ||
  /^(Dropout|dropout|AlphaDropout|alpha_dropout|Identity|contiguous|clone)/.test(name);

/** What a block gives out, the same for outputs that surely have one shape. */
export const outputShapes = (code: Code, blocks: readonly Block[]): Map<Block, string> => {
  const shapes = new Map<Block, string>();
  const ending = new Map(blocks.map((block) => [block.activation, block]));
  let [width, size] = ['unknown', 0];
  for (const op of code.trace.ops) {
    const block = ending.get(op);
    if (block) shapes.set(block, `${width} ${size}`);
    else if (isLayerOp(op) && op.category === 'weights') {
      const value = featuresValue(op.layer, 'out');
      if (value !== undefined || keepsShape(op.layer) !== true) width = `${value ?? `of ${op.id}`}`;
      if (!/Linear$/.test(op.layer.type) && keepsSize(op.layer) !== true) size++;
    } else if (!keepsTensor(op)) size++;
  }
  return shapes;
};
