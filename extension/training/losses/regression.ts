/** Losses that compare output and target element by element, as torch.nn.functional defines them, mean reduction. */
import { sameShape, type GraphBuilder, type Value } from '../../onnx/builder';
import { isFloat, sizeOf } from '../../onnx/tensor';
import { InputError } from '../../protocol/errors';
import { describeShape, type Loss } from './loss';

/** @param terms per element: the summand of the loss, and its derivative by the output. */
const elementwise = (terms: (g: GraphBuilder, output: Value, target: Value) => [Value, Value]): Loss => ({
  targetType(output, given) {
    if (given && !sameShape(given.shape, output.shape)) {
      const fit = `The target has shape ${describeShape(given)}; it must be that of the output, ${describeShape(output)}.`;
      // This loss is taken for a target of floats where none is stated.
      const areClasses = isFloat(given.dtype) && given.shape.length === output.shape.length - 1;
      throw new InputError(areClasses ? `${fit} If it holds class numbers, save them as integers.` : fit);
    }
    return { dtype: output.dtype, shape: output.shape };
  },

  build(g, output, target) {
    const [term, derivative] = terms(g, output, target!);
    return { loss: g.mean(term), gradient: g.div(derivative, sizeOf(output.shape)) };
  },
});

export const mse = elementwise((g, output, target) => {
  const difference = g.sub(output, target);
  return [g.mul(difference, difference), g.add(difference, difference)];
});

export const l1 = elementwise((g, output, target) => {
  const difference = g.sub(output, target);
  return [g.abs(difference), g.unary('Sign', difference)];
});

/** δ = 1, PyTorch's default. */
export const huber = elementwise((g, output, target) => {
  const difference = g.sub(output, target);
  const distance = g.abs(difference);
  const near = g.min(distance, 1);
  return [g.mul(near, g.sub(distance, g.mul(near, 0.5))), g.max(g.min(difference, 1), -1)];
});

/** max(x, 0) − x·t + log(1 + e^−|x|): the form that neither overflows nor loses small losses. */
export const bceWithLogits = elementwise((g, output, target) => {
  const softplus = g.log(g.add(g.exp(g.neg(g.abs(output))), 1));
  return [
    g.add(g.sub(g.unary('Relu', output), g.mul(output, target)), softplus),
    g.sub(g.unary('Sigmoid', output), target),
  ];
});
