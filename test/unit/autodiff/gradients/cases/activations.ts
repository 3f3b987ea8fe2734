import { float } from '../../../../../extension/onnx/builder';
import { distinct, scalar, signed, uniform, values, type GradientCase } from './case';

export const activationCases: GradientCase[] = [
  ...['Relu', 'LeakyRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'Tanh', 'Softplus', 'Softsign'].flatMap(
    (op): GradientCase[] => {
      return [
        { op, inputs: [signed(2, 5)] },
        { op, about: 'a scalar', inputs: [scalar(-0.6)] },
        { op, about: 'nothing', inputs: [signed(0)] },
      ];
    },
  ),
  { op: 'Relu', about: 'zero at zero', inputs: [values([3], -1, 0, 2)], expected: [[0, 0, 1]] },
  {
    op: 'LeakyRelu',
    about: 'alpha at zero',
    inputs: [values([3], -1, 0, 2)],
    attributes: { alpha: float(0.25) },
    expected: [[0.25, 0.25, 1]],
  },
  { op: 'LeakyRelu', about: 'alpha', inputs: [signed(5)], attributes: { alpha: float(0.2) } },
  { op: 'Elu', about: 'alpha', inputs: [signed(5)], attributes: { alpha: float(2) } },
  { op: 'Elu', about: 'no NaN far out', inputs: [values([2], 1000, -1000)], expected: [[1, 0]] },
  { op: 'Celu', about: 'alpha', inputs: [signed(5)], attributes: { alpha: float(0.7) } },
  {
    op: 'Selu',
    about: 'no NaN far out',
    inputs: [values([2], 1000, -1000)],
    expected: [[1.0507009873554805, 0]],
  },
  {
    op: 'Selu',
    about: 'attributes',
    inputs: [signed(5)],
    attributes: { alpha: float(1.2), gamma: float(0.8) },
  },
  { op: 'PRelu', inputs: [signed(2, 3, 4), uniform(0.1, 0.4, 3, 1)] },
  { op: 'PRelu', about: 'one slope', inputs: [signed(2, 3), values([1], 0.25)] },
  {
    op: 'PRelu',
    about: 'slope at zero',
    inputs: [values([3], -1, 0, 2), values([1], 0.25)],
    expected: [[0.25, 0.25, 1], [-1]],
  },
  { op: 'ThresholdedRelu', inputs: [distinct(6)], attributes: { alpha: float(0.12) } },
  { op: 'HardSigmoid', inputs: [values([6], -4, -2, -0.7, 0.4, 2.2, 3.6)] },
  {
    op: 'HardSigmoid',
    about: 'attributes',
    inputs: [values([6], -4, -2, -0.7, 0.4, 2.2, 3.6)],
    attributes: { alpha: float(1 / 6), beta: float(0.5) },
  },
  {
    op: 'HardSigmoid',
    about: 'kinks',
    inputs: [values([3], -3, 0, 3)],
    attributes: { alpha: float(1 / 6), beta: float(0.5) },
    expected: [[0, 1 / 6, 0]],
  },
  { op: 'HardSwish', inputs: [values([6], -4, -2, -0.7, 0.4, 2.2, 3.6)] },
  { op: 'HardSwish', about: 'kinks', inputs: [values([3], -3, 0, 3)], expected: [[0, 0.5, 1]] },
  { op: 'Mish', inputs: [signed(2, 3)] },
  { op: 'Shrink', inputs: [distinct(20)] },
  {
    op: 'Shrink',
    about: 'soft',
    inputs: [distinct(20)],
    attributes: { lambd: float(0.42), bias: float(0.42) },
  },

  ...['Softmax', 'LogSoftmax'].flatMap((op): GradientCase[] => [
    { op, inputs: [signed(2, 4)] },
    { op, about: 'axis 1', inputs: [signed(2, 3, 2)], attributes: { axis: 1 } },
    { op, about: 'one class', inputs: [signed(3, 1)] },
    { op, about: 'negative axis', inputs: [signed(3, 2)], attributes: { axis: -2 } },
  ]),
  { op: 'Softmax', about: 'masked by -∞', inputs: [values([1, 3], 1, -Infinity, 1)], expected: [[0, 0, 0]] },
];
