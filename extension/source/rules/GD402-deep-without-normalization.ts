import type { Layer, Op } from '../values';
import type { Problem, Rule } from './rule';
import { isGrouped } from './weights';
import { networkSpan } from './whole-network';

const fewestLayers = 10;

/** The weight layers on a way, the last one first. */
interface Depth {
  count: number;
  first: Op | undefined;
  last?: Op;
  before?: Depth;
}

/** Without normalization the scale of activations and gradients drifts a little in every layer. */
export const deepWithoutNormalization: Rule = {
  code: 'GD402',
  name: 'deep-without-normalization',
  severity: 'information',
  frameworks: ['pytorch', 'tensorflow'],
  *check(context): Generator<Problem> {
    const depths = new Map<Op, Depth>();
    const deepest = new Map<Op, number>();
    for (const op of context.flow.ops) {
      const depth = depthAt(op, depths);
      depths.set(op, depth);
      if (depth.first) deepest.set(depth.first, Math.max(deepest.get(depth.first) ?? 0, depth.count));
    }
    const seen = new Set<number>();
    for (const [first, count] of deepest) {
      const at = count >= fewestLayers ? networkSpan(context, first) : undefined;
      if (!at || seen.has(at.from)) continue;
      seen.add(at.from);
      yield { at, message: `${count} weight layers in depth and no normalization among them.` };
    }
  },
};

/** No gradient goes further back than these (an embedding looks up integers), or its scale there is not known. */
const starts: ReadonlySet<Op['category']> = new Set([
  ...(['normalization', 'attention', 'embedding', 'detach'] as const),
  ...(['input', 'data', 'loss', 'choice', 'unknown'] as const),
]);

/** Weight layers on the longest way to an op since the last normalization, or whatever may hold one. */
const depthAt = (op: Op, depths: ReadonlyMap<Op, Depth>): Depth => {
  if (starts.has(op.category)) return { count: 0, first: undefined };
  // What is added to or stands beside normalized values has about their scale, or hardly matters.
  if (op.category === 'merge' && op.inputs.some(isNormalizedValue)) return { count: 0, first: undefined };
  let deepest: Depth = { count: 0, first: undefined };
  for (const input of op.inputs) {
    const depth = depths.get(input);
    if (depth && depth.count > deepest.count) deepest = depth;
  }
  if (op.category !== 'weights' || op.layer?.slots.has('reparametrized')) return deepest;
  if (isGrouped(op)) return deepest;
  // A layer that is called again is a step of a recurrence, and no further depth.
  if (isOnWay(op.layer, deepest)) return deepest;
  return { count: deepest.count + 1, first: deepest.first ?? op, last: op, before: deepest };
};

const isOnWay = (layer: Layer | undefined, way: Depth): boolean => {
  for (let at: Depth | undefined = way; layer && at; at = at.before) if (at.last?.layer === layer) return true;
  return false;
};

const isNormalizedValue = (op: Op): boolean => {
  let at: Op | undefined = op;
  while (at && (at.category === 'activation' || at.category === 'pass' || at.category === 'scale')) at = at.inputs[0];
  return at?.category === 'normalization';
};
