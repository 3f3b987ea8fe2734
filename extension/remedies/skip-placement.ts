/** Where skips may go: around a block, and between distant values. */
import { sameShape, type Value } from '../onnx/builder';
import { sizeOf, type Shape } from '../onnx/tensor';
import { newParameter } from './insertion';
import { examine, type Block } from './anatomy';
import type { Patient } from './patient';
import { inUnits } from './units';

/** Blocks of the units that no skip goes around yet. */
export function plainBlocks(patient: Patient, units: readonly string[] | undefined): Block[] {
  const skipped = skipEnds(patient);
  return examine(patient).blocks.filter(
    ({ weights, input, output }) =>
      inUnits(weights.layer, units) && !skipped.has(input.name) && !skipped.has(output.name),
  );
}

/** The values that an addition of two computed values takes: the ends of the skips that the model has. */
function skipEnds({ graph }: Patient): Set<string> {
  const additions = graph.nodes.filter(
    ({ opType, inputs }) => opType === 'Add' && inputs.every((name) => !graph.initializers.has(name)),
  );
  return new Set(additions.flatMap(({ inputs }) => inputs));
}

/** What a block's weight layer takes now, after the rewrites before it. */
export const currentInput = ({ g }: Patient, { weights }: Block): Value =>
  g.value(weights.node.inputs[weights.inputIndex]!);

/** Whether the identity fits around a block. */
export const keepsShape = ({ input, output }: Block): boolean => sameShape(input.shape, output.shape);

/**
 * `x` brought to `shape` by a bias-free linear map over the features: `nn.Linear`, or a 1×1 convolution whose stride
 * makes up for the sizes. Undefined where neither fits. Weights are Kaiming uniform with a = √5, PyTorch's default.
 */
export function project(patient: Patient, x: Value, shape: Shape, name: string): Value | undefined {
  const { g, random } = patient;
  const draw = (parameters: Shape, fanIn: number): Value => {
    const bound = 1 / Math.sqrt(fanIn);
    const values = Float64Array.from({ length: sizeOf(parameters) }, () => bound * (2 * random.uniform() - 1));
    return newParameter(patient, `${name}.weight`, parameters, values);
  };
  if (x.shape.length !== shape.length) return undefined;
  if (x.shape.length <= 3 && sameShape(x.shape.slice(0, -1), shape.slice(0, -1))) {
    const [from, to] = [x.shape.at(-1)!, shape.at(-1)!];
    return g.matmul(x, g.matrixTranspose(draw([to, from], from)));
  }
  if (x.shape.length < 3 || x.shape[0] !== shape[0]) return undefined;
  const strides = shape.slice(2).map((size, axis) => Math.ceil(x.shape[axis + 2]! / size));
  const reached = strides.every((stride, axis) => Math.ceil(x.shape[axis + 2]! / stride) === shape[axis + 2]!);
  if (!reached) return undefined;
  const ones = strides.map(() => 1);
  const weight = draw([shape[1]!, x.shape[1]!, ...ones], x.shape[1]!);
  return g.op('Conv', [x, weight], { kernel_shape: ones, strides }, { dtype: x.dtype, shape });
}
