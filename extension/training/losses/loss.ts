/** What a loss of this folder is: nodes for the loss and, in closed and stable form, for its gradient. */
import type { GraphBuilder, Value } from '../../onnx/builder';
import type { TensorType } from '../../onnx/tensor';

/** The loss as a scalar of the output's type, and ∂loss/∂output in the output's shape. */
export interface LossValues {
  loss: Value;
  gradient: Value;
}

export interface Loss {
  /**
   * The type that the target must have for this output.
   * @param given what the data holds under `target`; undefined when the target is to be made up.
   * @throws InputError where no target, or not this one, fits the output.
   */
  targetType(output: TensorType, given: TensorType | undefined, classAxis?: number): TensorType | undefined;
  /** @param target of the type that `targetType` gave. */
  build(g: GraphBuilder, output: Value, target: Value | undefined, classAxis?: number): LossValues;
}

export const describeShape = ({ shape }: TensorType): string => `[${shape.join(', ')}]`;
