/** Runs of layers through which a gradient has only one way: no skip, no gate, no branch. */
import { isSaturating, type Flow } from '../flow';
import { isGrouped } from './weights';
import type { Op } from '../values';

export interface Chain {
  /** Layers with weights, the first first. */
  weights: readonly Op[];
  /** Saturating activations since the last norm or unsaturating activation, the first first. */
  saturating: readonly Op[];
}

const none: Chain = { weights: [], saturating: [] };

/** The plain run that ends in each op, for every op of a trace. */
export const plainChains = (flow: Flow): ReadonlyMap<Op, Chain> => {
  const chains = new Map<Op, Chain>();
  for (const op of flow.ops) chains.set(op, chainAt(op, flow, chains));
  return chains;
};

const chainAt = (op: Op, flow: Flow, chains: ReadonlyMap<Op, Chain>): Chain => {
  const inputs = op.inputs.filter(({ category }) => category !== 'parameter' && category !== 'constant');
  const [input] = inputs;
  // Where a flow parts, one part may be a skip.
  const parted = input !== undefined && flow.consumers(input).length > 1;
  const before = input && inputs.length === 1 && !parted ? (chains.get(input) ?? none) : none;
  switch (op.category) {
    case 'weights':
      return {
        weights: isGrouped(op) ? before.weights : [...before.weights, op],
        saturating: op.layer?.slots.has('reparametrized') ? [] : before.saturating,
      };
    case 'activation':
      if (!isSaturating(op)) return { weights: before.weights, saturating: [] };
      // Two activations of the same weights are not two layers.
      return followsWeights(op, flow)
        ? { weights: before.weights, saturating: [...before.saturating, op] }
        : { weights: before.weights, saturating: before.saturating };
    case 'normalization':
      return { weights: before.weights, saturating: [] };
    case 'pass':
    case 'scale':
    case 'softmax':
      return before;
    default:
      return none;
  }
};

const followsWeights = (op: Op, flow: Flow): boolean => flow.before(op)?.category === 'weights';
