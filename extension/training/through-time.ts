/** ‖∂L/∂h_t‖ of every step of the recurrences of a graph, whether one operator computes them or many nodes. */
import type { Gradients } from '../autodiff/differentiate';
import { findUnrolled, preparedWeights, type UnrolledRecurrence } from '../autodiff/recurrent/unrolled';
import type { GraphBuilder, Value } from '../onnx/builder';
import type { Graph } from '../onnx/graph';
import { sizeOf } from '../onnx/tensor';
import type { LayerInfo, ThroughTimeColumns } from '../protocol/run';
import { isNormTrusted, rowNorms, type Care, type Doubt } from './magnitudes';

/** Member of `Care`: all of these norms. */
const norms = 'norms through time';

/** @param found what a step has given of such norms, measured without care */
export const doubtsThroughTime = (found: Float32Array): Doubt[] =>
  found.every(isNormTrusted) ? [] : [{ id: norms, scale: 1, serious: true }];

interface Recurrence {
  /** Dotted path of the module that it is part of. */
  module: string;
  /** What its state is multiplied with, or what that is made of. */
  weight: string;
  reverse: boolean;
  /** `[length, …]`, in the order of the sequence. */
  gradient: Value;
}

export class GradientsThroughTime {
  private readonly unrolled: readonly UnrolledRecurrence[];

  /** @param forward specialised; `parameters` are initializers of it */
  constructor(
    private readonly forward: Graph,
    private readonly parameters: readonly string[],
  ) {
    this.unrolled = findUnrolled(forward, parameters);
  }

  /** The values whose gradients have to be asked for. */
  get states(): string[] {
    return this.unrolled.flatMap(({ states }) => states);
  }

  /**
   * @param offset of the first column in the row
   * @returns one vector with the columns of all recurrences; undefined where the loss reaches none
   */
  block(
    g: GraphBuilder,
    gradients: Gradients,
    layers: readonly LayerInfo[],
    offset: number,
    care: Care,
  ): { columns: ThroughTimeColumns[]; withCare: boolean; values: Value } | undefined {
    const recurrences: Recurrence[] = [
      ...gradients.throughTime,
      ...this.unrolled.flatMap((recurrence) => stacked(g, gradients, recurrence)),
    ];
    if (recurrences.length === 0) return undefined;
    const values = recurrences.map(({ gradient }) => {
      const length = gradient.shape[0]!;
      return rowNorms(g, g.reshape(gradient, [length, sizeOf(gradient.shape) / length]), care.has(norms));
    });
    let end = offset;
    const columns = this.named(recurrences, layers).map((name, i) => {
      const begin = end;
      end += values[i]!.shape[0]!;
      return { ...name, offset: begin, length: end - begin };
    });
    return { columns, withCare: care.has(norms), values: g.concat(values, 0) };
  }

  /** The layer of each recurrence, and which one of it where the layer has several. */
  private named(
    recurrences: readonly Recurrence[],
    layers: readonly LayerInfo[],
  ): Pick<ThroughTimeColumns, 'layer' | 'part' | 'reverse'>[] {
    const { prepared } = preparedWeights(this.forward, this.parameters);
    const owners = recurrences.map(({ module, weight }) => {
      const parameters = prepared.get(weight) ?? [];
      const owner = layers.find((layer) => layer.parameters.some((name) => parameters.includes(name)));
      return owner?.name ?? module;
    });
    const stacks = new Map<string, number>();
    const parts = recurrences.map(({ reverse }, i) => {
      const owner = owners[i]!;
      const before = recurrences.slice(0, i).findLast((_, j) => owners[j] === owner);
      // The way back belongs to the same layer of the stack as the way there.
      const isWayBack = reverse && before !== undefined && !before.reverse;
      const stack = (stacks.get(owner) ?? -1) + (isWayBack ? 0 : 1);
      stacks.set(owner, stack);
      return `l${stack}${reverse ? '_reverse' : ''}`;
    });
    return recurrences.map(({ reverse }, i) => {
      const layer = owners[i]!;
      const isOnly = owners.filter((owner) => owner === layer).length === 1;
      return { layer, ...(!isOnly && { part: parts[i]! }), ...(reverse && { reverse }) };
    });
  }
}

/** The states of a step by step recurrence on one axis; steps after the last that the loss reaches are left out. */
function stacked(g: GraphBuilder, gradients: Gradients, { weight, states, module }: UnrolledRecurrence): Recurrence[] {
  const reached = states.flatMap((state) => gradients.of(state) ?? []);
  if (reached.length === 0) return [];
  const lifted = reached.map((gradient) => g.reshape(gradient, [1, sizeOf(gradient.shape)]));
  const reverse = weight.endsWith('_reverse');
  return [{ module, weight, reverse, gradient: g.concat(reverse ? lifted.reverse() : lifted, 0) }];
}
