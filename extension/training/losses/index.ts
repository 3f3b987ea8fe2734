/** The losses by id, and which one an experiment gets that does not say. */
import { isInteger, sizeOf, type TensorType } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';
import type { LossId } from '../../protocol/experiment';
import { crossEntropy, nll } from './classification';
import { describeShape, type Loss } from './loss';
import { bceWithLogits, huber, l1, mse } from './regression';

/** The model computes its loss itself. */
const output: Loss = {
  targetType(type) {
    if (sizeOf(type.shape) !== 1)
      throw new InputError(`The loss "output" wants a scalar; the model's output has shape ${describeShape(type)}.`);
    return undefined;
  },
  build: (g, value) => ({
    loss: g.reshape(value, []),
    gradient: g.constant(value.dtype as 'float32', value.shape, [1]),
  }),
};

export const losses: Readonly<Record<LossId, Loss>> = {
  'cross-entropy': crossEntropy,
  nll,
  mse,
  l1,
  huber,
  'bce-with-logits': bceWithLogits,
  output,
};

/** @param outputs of the model. @param taken the output that the loss takes. @param target undefined when there is none. */
export function chooseLoss(outputs: number, taken: TensorType, target: TensorType | undefined): LossId {
  if (outputs === 1 && taken.shape.length === 0) return 'output';
  // Of a single class there is nothing to tell: its cross-entropy is always zero.
  const isClassifier = taken.shape.length === 2 && taken.shape[1] !== 1;
  return (target ? isInteger(target.dtype) : isClassifier) ? 'cross-entropy' : 'mse';
}
