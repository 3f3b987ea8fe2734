/** What a gradient rule is given and what it returns. One rule per operator; families share a file in gradients/. */
import type { GraphBuilder, Value } from '../onnx/builder';
import { describe, type Node } from '../onnx/graph';
import type { Tensor, TensorType } from '../onnx/tensor';
import { InputError } from '../protocol/errors';

/** A node that has no gradient rule, or none for the form in which it uses its operator. */
export class UnsupportedError extends InputError {
  constructor(
    readonly node: Node,
    why: string,
  ) {
    super(`${describe(node)}: ${why}`);
  }
}

export interface RuleContext {
  /** The forward node, in the canonical form of opset 18. */
  readonly node: Node;
  /** Backward nodes go in here; they inherit the layer of the forward node. */
  readonly g: GraphBuilder;
  /** Input i; throws where the node leaves it out. */
  input(i: number): Value;
  hasInput(i: number): boolean;
  output(i?: number): Value;
  /** Gives the forward node an optional output that it leaves out (the mask of Dropout, the indices of MaxPool). */
  addOutput(i: number, type: TensorType): Value;
  /** ∂L/∂output i; undefined where the loss does not depend on that output. */
  dy(i: number): Value | undefined;
  /** Whether anyone wants the gradient of input i. A rule may skip what nobody wants. */
  wanted(i: number): boolean;
  /** The tensor of input i where it is constant. */
  constant(i: number): Tensor | undefined;
  int(name: string, otherwise: number): number;
  ints(name: string, otherwise: readonly number[]): readonly number[];
  float(name: string, otherwise: number): number;
  string(name: string, otherwise: string): string;
}

/**
 * ∂L/∂input for every input of the node, given that at least one ∂L/∂output exists: a value of that input's shape and
 * type, or undefined where the operator does not pass a gradient on (indices, shapes, conditions).
 * @throws UnsupportedError where the node uses a form of the operator that has no rule.
 */
export type GradientRule = (context: RuleContext) => readonly (Value | undefined)[];

export type GradientRules = Readonly<Record<string, GradientRule>>;
