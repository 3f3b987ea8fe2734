/** What a lowering is given: one node of any supported operator set, every type known. */
import type { AttributeInput, GraphBuilder, Value } from '../../onnx/builder';
import { attribute, type Node } from '../../onnx/graph';
import { numbers, type Tensor, type TensorType } from '../../onnx/tensor';
import { UnsupportedError } from '../rule';

/**
 * The outputs of a node, computed by nodes of opset 18 that have a gradient rule. One value per output; the values of
 * outputs that the node leaves out do not matter.
 * @throws UnsupportedError for a form of the operator that cannot be written so
 */
export type Lowering = (context: LoweringContext) => readonly (Value | undefined)[];

export type Lowerings = Readonly<Record<string, Lowering>>;

export interface LoweringContext {
  readonly g: GraphBuilder;
  readonly node: Node;
  /** The operator set that the node is written in. */
  readonly opset: number;
  /** Input i; throws where the node leaves it out. */
  input(i: number): Value;
  /** Input i, or undefined where the node leaves it out. */
  optional(i: number): Value | undefined;
  /** The type of output i; throws where the node leaves it out. */
  output(i?: number): TensorType;
  hasOutput(i: number): boolean;
  /** The tensor of input i where it is constant. */
  constant(i: number): Tensor | undefined;
  /** The integers of input i; undefined where it is left out, an error where it is not constant. */
  integers(i: number): number[] | undefined;
  int(name: string, otherwise: number): number;
  ints(name: string): readonly number[] | undefined;
  float(name: string, otherwise: number): number;
  string(name: string, otherwise: string): string;
  /** The node itself with other inputs and attributes; outputs left out stay so. */
  rewritten(
    inputs: readonly (Value | undefined)[],
    attributes: Readonly<Record<string, AttributeInput>>,
    opType?: string,
  ): Value[];
  /** The attributes of the node, but for those named. */
  attributesWithout(...names: string[]): Record<string, AttributeInput>;
  refuse(why: string): never;
}

export function loweringContext(g: GraphBuilder, node: Node, opset: number): LoweringContext {
  const refuse = (why: string): never => {
    throw new UnsupportedError(node, why);
  };
  const optional = (i: number): Value | undefined => (node.inputs[i] ? g.value(node.inputs[i]) : undefined);
  const constant = (i: number): Tensor | undefined => g.graph.initializers.get(node.inputs[i] ?? '');
  const anyType: TensorType = { dtype: 'float32', shape: [] };
  const context: LoweringContext = {
    g,
    node,
    opset,
    optional,
    constant,
    refuse,
    input: (i) => optional(i) ?? refuse(`input ${i} is missing.`),
    output: (i = 0) => g.value(node.outputs[i] ?? refuse(`output ${i} is missing.`)),
    hasOutput: (i) => Boolean(node.outputs[i]),
    integers: (i) => {
      if (!node.inputs[i]) return undefined;
      const found = constant(i) ?? refuse(`input ${i} ("${node.inputs[i]}") has to be constant.`);
      return numbers(found);
    },
    int: (name, otherwise) => attribute(node, name, 'int') ?? otherwise,
    ints: (name) => attribute(node, name, 'ints'),
    float: (name, otherwise) => attribute(node, name, 'float') ?? otherwise,
    string: (name, otherwise) => attribute(node, name, 'string') ?? otherwise,
    rewritten: (inputs, attributes, opType = node.opType) => {
      const types = node.outputs.map((output) => g.graph.types.get(output) ?? anyType);
      const values = g.ops(opType, inputs, attributes, types);
      const made = g.graph.nodes.at(-1)!;
      made.name = node.name;
      made.outputs = made.outputs.map((output, i) => (node.outputs[i] ? output : ''));
      values.forEach(({ name }, i) => {
        if (!node.outputs[i]) g.release(name);
      });
      return values;
    },
    attributesWithout: (...names) =>
      Object.fromEntries(Object.entries(node.attributes).filter(([name]) => !names.includes(name))),
  };
  return context;
}

export const positiveAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

export const range = (length: number): number[] => [...Array(length).keys()];
