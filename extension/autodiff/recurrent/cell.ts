/** What distinguishes the recurrent cells from each other. Gates lie one after the other in the last axis, in ONNX's order. */
import type { GraphBuilder, Value } from '../../onnx/builder';

/** The recurrent weights of one direction. */
export interface CellWeights {
  /** R, `[gates · hidden, hidden]`. */
  recurrent: Value;
  /** The bias that goes with R, `[gates · hidden]`, where the cell keeps it apart from the bias of the input. */
  bias?: Value;
  hidden: number;
}

/** ∂L/∂ of what a cell was given, from all steps together. */
export interface CellGradients {
  /** `[length, batch, gates · hidden]`. */
  input: Value;
  recurrent: Value;
  bias?: Value;
}

/** How far backward has come: the factors of every step, computed at once for all of them, and what to make of the result. */
export interface Backward {
  /** `[length, batch, …]` each; `step` is given one element of each. */
  factors: readonly Value[];
  /**
   * One step back.
   * @param next ∂L/∂ of the states after the step (all of it, the step's own output included)
   * @returns ∂L/∂ of the states before the step, and what else `finish` wants stacked
   */
  step(
    b: GraphBuilder,
    next: readonly Value[],
    factors: readonly Value[],
  ): { previous: Value[]; stacked: readonly Value[] };
  /** @param next what `step` was given, stacked over the steps; `stacked` likewise. */
  finish(next: readonly Value[], stacked: readonly Value[]): CellGradients;
}

export interface Cell {
  gates: number;
  /** 1, or 2 where there is a cell state. */
  states: number;
  /** Whether the bias of R is kept apart from that of W. */
  separateBias: boolean;
  /**
   * One step.
   * @param input W·x + b, `[batch, gates · hidden]`
   * @returns the next states, and what backward wants to know of this step
   */
  step(
    b: GraphBuilder,
    input: Value,
    states: readonly Value[],
    weights: CellWeights,
  ): { states: Value[]; saved: Value[] };
  /**
   * @param saved what `step` saved, stacked over the steps
   * @param previous the states before each step, `[length, batch, hidden]` each
   * @param next the states after each step, likewise
   */
  backward(
    g: GraphBuilder,
    saved: readonly Value[],
    previous: readonly Value[],
    next: readonly Value[],
    weights: CellWeights,
  ): Backward;
}

/** dᵀ·h over all steps and samples: one product for the whole sequence. */
export function weightGradient(g: GraphBuilder, gates: Value, hidden: Value): Value {
  const flat = (x: Value): Value => g.reshape(x, [x.shape[0]! * x.shape[1]!, x.shape[2]!]);
  return g.gemm(flat(gates), flat(hidden), { transA: true });
}
