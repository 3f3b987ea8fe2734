/** Questions about the flow of tensors through a network. */
import { activationName } from './pytorch-names';
import type { Instance, Layer, Op } from './values';

/** Ops that only pass a tensor on but are not linear. */
const nonlinearPass =
  /^(Max|AdaptiveMax|max|adaptive_max|abs|sqrt|square|pow|exp|log|norm|std|var|min|clamp|clip|sort|topk|logsumexp|globalMax)/;

export const isSaturating = (op: Op): boolean =>
  op.category === 'activation' && /^(sigmoid|tanh|hardsigmoid|softsign)$/.test(activationName(op.name));

/** Activations of the rectifier family, for which Kaiming's gain is meant. */
export const isRectifier = (op: Op): boolean =>
  op.category === 'activation' &&
  /^(relu|relu6|leakyrelu|prelu|rrelu|elu|celu|gelu|silu|mish|hardswish)$/.test(activationName(op.name));

export const isLinearPass = (op: Op): boolean =>
  op.category === 'scale' || (op.category === 'pass' && !nonlinearPass.test(op.name));

const push = <K>(lists: Map<K, Op[]>, key: K, op: Op): void => {
  const list = lists.get(key);
  if (list) list.push(op);
  else lists.set(key, [op]);
};

export class Flow {
  private readonly consumersOf = new Map<Op, Op[]>();
  private readonly usesOf = new Map<Layer, Op[]>();
  private insideOf: Map<Instance, Op[]> | undefined;

  constructor(readonly ops: readonly Op[]) {
    for (const op of ops) {
      if (op.layer) push(this.usesOf, op.layer, op);
      // What is detached has no part in computing the loss.
      if (op.category === 'detach') continue;
      for (const input of op.inputs) push(this.consumersOf, input, op);
    }
  }

  /** What uses the result of an op in computing the loss. */
  consumers(op: Op): readonly Op[] {
    return this.consumersOf.get(op) ?? [];
  }

  /** What a layer computes, wherever it is called. */
  uses(layer: Layer): readonly Op[] {
    return this.usesOf.get(layer) ?? [];
  }

  /** What is computed while the forward of a module runs. */
  inside(module: Instance): readonly Op[] {
    if (!this.insideOf) {
      this.insideOf = new Map();
      for (const op of this.ops) for (const each of new Set(op.modules)) push(this.insideOf, each, op);
    }
    return this.insideOf.get(module) ?? [];
  }

  /** The op before, through whatever only passes a tensor on. Nothing where several flows meet, or one flow parts. */
  before(op: Op): Op | undefined {
    let at = op;
    for (;;) {
      const [input, ...others] = at.inputs.filter(
        ({ category }) => category !== 'parameter' && category !== 'constant',
      );
      if (!input || others.length > 0 || this.consumers(input).length > 1) return undefined;
      if (input.category !== 'pass' && input.category !== 'scale') return input;
      at = input;
    }
  }

  /** The op after, likewise. */
  after(op: Op): Op | undefined {
    let at = op;
    for (;;) {
      const [next, ...others] = this.consumers(at);
      if (!next || others.length > 0) return undefined;
      if (next.category !== 'pass' && next.category !== 'scale') return next;
      at = next;
    }
  }

  /** Whether a walk back from an op meets one that fits. */
  reaches(op: Op, fits: (op: Op) => boolean): boolean {
    const seen = new Set<Op>();
    const queue = [op];
    for (let at = queue.pop(); at; at = queue.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      if (fits(at)) return true;
      queue.push(...at.inputs);
    }
    return false;
  }

  /** Every op that an op is computed from, itself included. */
  ancestors(op: Op): Set<Op> {
    const seen = new Set<Op>();
    const queue = [op];
    for (let at = queue.pop(); at; at = queue.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      queue.push(...at.inputs);
    }
    return seen;
  }
}
