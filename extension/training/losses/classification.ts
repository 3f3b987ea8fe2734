/** Losses over classes, as torch.nn.functional defines them, mean reduction. */
import { sameShape, type GraphBuilder, type Value } from '../../onnx/builder';
import { isFloat, sizeOf, type Shape, type Tensor, type TensorType } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';
import { describeShape, type Loss } from './loss';

/** Targets of this class do not count, neither in the sum nor in the mean (PyTorch's default `ignore_index`). */
export const ignoredClass = -100;

const without = (shape: Shape, axis: number): Shape => shape.filter((_, i) => i !== axis);

/**
 * The axis of the output that counts classes: the stated one, else axis 1, else the last one where only that fits the
 * target.
 * @throws InputError where the target fits no axis.
 */
export function resolveClassAxis(output: TensorType, target: TensorType | undefined, stated?: number): number {
  const rank = output.shape.length;
  const axes = stated === undefined ? [Math.min(1, rank - 1), rank - 1] : [stated < 0 ? stated + rank : stated];
  const fits = (axis: number) =>
    axis >= 0 &&
    axis < rank &&
    (!target || sameShape(isFloat(target.dtype) ? output.shape : without(output.shape, axis), target.shape));
  const axis = axes.find(fits);
  if (axis !== undefined) return axis;
  if (rank === 0 || axes.every((candidate) => candidate < 0 || candidate >= rank))
    throw new InputError(
      `The output ${describeShape(output)} has no class axis${stated === undefined ? '' : ` ${stated}`}.`,
    );
  const wanted = `${describeShape({ ...output, shape: without(output.shape, axes[0]!) })} of class numbers or ${describeShape(output)} of probabilities`;
  throw new InputError(
    `The target has shape ${describeShape(target!)}; for the output ${describeShape(output)} it must be ${wanted}. State --class-axis where classes are on another axis.`,
  );
}

/** @throws InputError where a target is neither a class nor the ignored one. */
export function checkClasses(target: Tensor, classes: number, loss: string): void {
  const wrong = (target.data as BigInt64Array).find(
    (value) => value !== BigInt(ignoredClass) && (value < 0n || value >= BigInt(classes)),
  );
  if (wrong !== undefined)
    throw new InputError(
      `The target holds class ${wrong}; the model has the classes 0 to ${classes - 1} (and ${loss} ignores ${ignoredClass}).`,
    );
}

/** log softmax and softmax along one axis, from one exponential, stable for large logits. */
function logSoftmax(g: GraphBuilder, x: Value, axis: number): { logProbabilities: Value; probabilities: Value } {
  const shifted = g.sub(x, g.reduce('ReduceMax', x, [axis], true));
  const exponentials = g.exp(shifted);
  const total = g.sum(exponentials, [axis], true);
  return {
    logProbabilities: g.sub(shifted, g.log(total)),
    probabilities: g.div(exponentials, total),
  };
}

/** True at the target's class. A target outside the classes, as the ignored one, is true nowhere. */
function atTarget(g: GraphBuilder, output: Value, target: Value, axis: number): Value {
  const classes = output.shape[axis]!;
  const numbers = g.constant(
    'int32',
    output.shape.map((_, i) => (i === axis ? classes : 1)),
    [...Array(classes).keys()],
  );
  const wide = g.reshape(
    g.cast(target, 'int32'),
    output.shape.map((size, i) => (i === axis ? 1 : size)),
  );
  return g.equal(wide, numbers);
}

/** −mean of the values at the target's class. */
function negativeMean(g: GraphBuilder, values: Value, chosen: Value, count: Value): Value {
  // Not a product: 0 · −∞ is NaN, and the log-probability of a class that is not asked for may be −∞.
  return g.neg(g.div(g.sum(g.where(chosen, values, 0)), count));
}

export const crossEntropy: Loss = {
  targetType(output, given, classAxis) {
    const axis = resolveClassAxis(output, given, classAxis);
    if (given && isFloat(given.dtype)) return { dtype: output.dtype, shape: output.shape };
    return { dtype: 'int64', shape: without(output.shape, axis) };
  },

  build(g, output, target, classAxis) {
    const axis = resolveClassAxis(output, target, classAxis);
    const { logProbabilities, probabilities } = logSoftmax(g, output, axis);
    if (isFloat(target!.dtype)) {
      const samples = sizeOf(without(output.shape, axis));
      return {
        loss: g.neg(g.div(g.sum(g.mul(target!, logProbabilities)), samples)),
        gradient: g.div(g.sub(g.mul(probabilities, g.sum(target!, [axis], true)), target!), samples),
      };
    }
    const chosen = atTarget(g, output, target!, axis);
    const oneHot = g.cast(chosen, output.dtype);
    const counted = g.sum(oneHot, [axis], true);
    const count = g.sum(counted);
    return {
      loss: negativeMean(g, logProbabilities, chosen, count),
      gradient: g.div(g.sub(g.mul(probabilities, counted), oneHot), count),
    };
  },
};

/** The output holds log-probabilities. */
export const nll: Loss = {
  targetType(output, given, classAxis) {
    if (given && isFloat(given.dtype))
      throw new InputError('The loss "nll" wants class numbers as target; the data holds floating point numbers.');
    return { dtype: 'int64', shape: without(output.shape, resolveClassAxis(output, given, classAxis)) };
  },

  build(g, output, target, classAxis) {
    const chosen = atTarget(g, output, target!, resolveClassAxis(output, target, classAxis));
    const oneHot = g.cast(chosen, output.dtype);
    const count = g.sum(oneHot);
    return { loss: negativeMean(g, output, chosen, count), gradient: g.neg(g.div(oneHot, count)) };
  },
};
