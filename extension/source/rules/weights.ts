/** What the initialization rules share: which weights are set how, and what follows the layer. */
import { isRectifier, isSaturating, type Flow } from '../flow';
import type { Initialization, Trace } from '../trace';
import { argument, configConstant, constantArgument, numberArgument, type Layer, type Op } from '../values';

/** How each layer's weight is set in the end: later settings replace earlier ones. */
export const finalInitializations = (
  trace: Trace,
  isWeight = (name: string): boolean => name === 'weight',
): Map<Layer, Initialization> => {
  const last = new Map<Layer, Initialization>();
  for (const each of trace.initializations)
    if (each.parameter.layer && isWeight(each.parameter.name)) last.set(each.parameter.layer, each);
  return last;
};

export type Follower = 'rectifier' | 'saturating' | 'none';

/** The activation right after a hidden layer; nothing is said of output layers and where a norm evens out the scale. */
export const followerOf = (flow: Flow, op: Op): Follower => {
  const next = flow.after(op);
  if (next?.category !== 'activation' || op.layer?.slots.has('reparametrized') || isGate(flow, next)) return 'none';
  const hidden = flow.consumers(next).some((consumer) => leadsToWeights(flow, consumer));
  if (!hidden) return 'none';
  if (isRectifier(next)) return 'rectifier';
  return isSaturating(next) ? 'saturating' : 'none';
};

/** Whether an activation is multiplied with something: it opens and closes, and what it computes is not passed on. */
const isGate = (flow: Flow, activation: Op): boolean => {
  const next = flow.after(activation);
  return next?.category === 'merge' && next.name.startsWith('mul');
};

const leadsToWeights = (flow: Flow, op: Op): boolean => {
  let at: Op | undefined = op;
  for (let depth = 0; at && depth < 12; depth++) {
    if (['weights', 'recurrent'].includes(at.category)) return true;
    if (!['pass', 'scale', 'merge', 'activation'].includes(at.category)) return false;
    at = flow.consumers(at)[0];
  }
  return false;
};

/** Whether a normalization stands right before or after a layer; then the scale of its weights hardly matters. */
export const isNormalized = (flow: Flow, op: Op): boolean => {
  if (flow.after(op)?.category === 'normalization') return true;
  const before = sourceOf(op);
  return before !== undefined && (isNorm(before) || (before.category === 'activation' && isNorm(sourceOf(before))));
};

/** A norm, or what may be one: one of several, or a class of another library that says so. */
const isNorm = (op: Op | undefined): boolean =>
  op !== undefined &&
  (op.category === 'normalization' ||
    (op.category === 'unknown' && /norm/i.test(op.name)) ||
    (op.category === 'choice' && op.inputs.some(isNorm)));

/** What an op is computed from, through whatever only passes it on; a skip may start there as well. */
const sourceOf = (op: Op): Op | undefined => {
  let at = op.inputs[0];
  while (at && (at.category === 'pass' || at.category === 'scale')) at = at.inputs[0];
  return at;
};

/** A grouped or depthwise convolution: one half of a factorized layer, the 1×1 convolution beside it is the other. */
export const isGrouped = ({ layer, name }: Op): boolean => {
  if (name.startsWith('depthwise')) return true;
  const groups = layer && argument(layer.call, 'groups', 6)?.value;
  return groups !== undefined && !(groups.kind === 'constant' && groups.value === 1);
};

/** Inputs of each unit of a layer. */
export const fanIn = (layer: Layer, op?: Op): number | undefined => {
  const { call, type } = layer;
  if (/^Linear$/.test(type)) return numberArgument(call, 'in_features', 0);
  const convolution = /^Conv([123])d$/.exec(type);
  if (convolution) {
    const channels = numberArgument(call, 'in_channels', 0);
    const size = argument(call, 'kernel_size', 2)?.value;
    const rank = Number(convolution[1]);
    const groups = argument(call, 'groups', 6);
    if (channels === undefined || groups) return undefined;
    if (size?.kind === 'constant' && typeof size.value === 'number') return channels * size.value ** rank;
    if (size?.kind === 'list') {
      const sizes = size.slots.get('items')?.map((item) => (item.kind === 'constant' ? Number(item.value) : NaN)) ?? [];
      return channels * sizes.reduce((product, each) => product * each, 1) || undefined;
    }
    return undefined;
  }
  if (type === 'dense') {
    const before = op?.inputs[0];
    const units = previousUnits(before);
    if (units !== undefined) return units;
    const shape = inputShape(layer);
    return shape?.at(-1);
  }
  return undefined;
};

const inputShape = (layer: Layer): number[] | undefined => {
  const config = layer.call.positional[0]?.value;
  const shape = config?.kind === 'dict' ? config.slots.get('inputShape') : undefined;
  if (shape?.kind !== 'list') return undefined;
  const sizes =
    shape.slots
      .get('items')
      ?.map((item) => (item.kind === 'constant' && typeof item.value === 'number' ? item.value : NaN)) ?? [];
  return sizes.some(Number.isNaN) ? undefined : sizes;
};

const previousUnits = (op: Op | undefined): number | undefined => {
  let at = op;
  while (at && (at.category === 'activation' || at.name.startsWith('dropout'))) at = at.inputs[0];
  if (at?.layer?.type !== 'dense') return undefined;
  const units = configConstant(at.layer.call, 'units');
  return typeof units === 'number' ? units : undefined;
};

/** Whether an argument is given at all and not surely the default. */
export const givesGain = ({ call }: Initialization): boolean => {
  if (!call) return false;
  const gain = argument(call, 'gain', 1);
  return gain !== undefined && constantArgument(call, 'gain', 1) !== 1;
};
