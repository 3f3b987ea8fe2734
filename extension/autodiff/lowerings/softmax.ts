/** Softmax, LogSoftmax and Hardmax: before opset 13 they flattened the input to two dimensions at `axis`. */
import { sizeOf } from '../../onnx/tensor';
import { positiveAxis, type Lowering, type Lowerings } from './lowering';

const softmax: Lowering = (c) => {
  const { g } = c;
  const x = c.input(0);
  const rank = x.shape.length;
  const axis = positiveAxis(c.int('axis', c.opset < 13 ? 1 : -1), rank);
  if (c.opset >= 13 || axis === rank - 1) return c.rewritten([x], { axis });
  const flat = g.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  return [g.reshape(g.unary(c.node.opType, flat, { axis: 1 }), x.shape)];
};

export const softmaxLowerings: Lowerings = { Softmax: softmax, LogSoftmax: softmax, Hardmax: softmax };
