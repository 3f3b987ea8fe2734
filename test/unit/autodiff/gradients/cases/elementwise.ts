import { tensor } from '../../../../../extension/onnx/tensor';
import { bools, distinct, scalar, signed, uniform, values, type GradientCase } from './case';

const binary = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Mean'].flatMap((op): GradientCase[] => [
  { op, inputs: [distinct(2, 3), signed(2, 3)] },
  { op, about: 'broadcasts the right', inputs: [signed(2, 3, 4), signed(3, 1)] },
  { op, about: 'broadcasts both', inputs: [signed(2, 1), signed(3)] },
  { op, about: 'scalars', inputs: [scalar(1.5), scalar(-0.7)] },
  { op, about: 'a vector of one', inputs: [values([1], 0.4), signed(1, 3)] },
  { op, about: 'the left alone is wanted', inputs: [signed(3), signed(2, 3)], constant: [1] },
]);

const functions: [string, number, number][] = [
  ['Neg', -2, 2],
  ['Abs', 0.1, 2],
  ['Sqrt', 0.5, 4],
  ['Reciprocal', 0.5, 3],
  ['Exp', -2, 2],
  ['Log', 0.5, 3],
  ['Erf', -2, 2],
  ['Identity', -1, 1],
  ['OptionalGetElement', -1, 1],
  ['Sin', -3, 3],
  ['Cos', -3, 3],
  ['Tan', -1, 1],
  ['Asin', -0.7, 0.7],
  ['Acos', -0.7, 0.7],
  ['Atan', -2, 2],
  ['Sinh', -2, 2],
  ['Cosh', -2, 2],
  ['Asinh', -2, 2],
  ['Acosh', 1.5, 3],
  ['Atanh', -0.7, 0.7],
];

export const elementwiseCases: GradientCase[] = [
  ...binary,
  ...functions.flatMap(([op, low, high]): GradientCase[] => [
    { op, inputs: [uniform(low, high, 2, 3)] },
    { op, about: 'a scalar', inputs: [uniform(low, high)] },
    { op, about: 'nothing', inputs: [uniform(low, high, 0, 2)] },
  ]),
  { op: 'Abs', about: 'zero at zero', inputs: [values([3], -2, 0, 3)], expected: [[-1, 0, 1]] },
  { op: 'Sqrt', about: 'infinite at zero, as in PyTorch', inputs: [values([2], 0, 4)], expected: [[Infinity, 0.25]] },

  { op: 'Max', about: 'three', inputs: [distinct(2, 3), signed(3), signed(2, 1)] },
  { op: 'Max', about: 'one', inputs: [signed(2)] },
  {
    op: 'Max',
    about: 'shares ties',
    inputs: [values([2], 1, 2), values([2], 1, 3)],
    expected: [
      [0.5, 0],
      [0.5, 1],
    ],
  },
  { op: 'Sum', about: 'three', inputs: [signed(2, 3), signed(3), signed(2, 1)] },
  { op: 'Mean', about: 'three', inputs: [signed(2, 3), signed(3), signed(2, 1)] },

  { op: 'Pow', inputs: [uniform(0.5, 2, 2, 3), signed(2, 3)] },
  { op: 'Pow', about: 'broadcasts', inputs: [uniform(0.5, 2, 2, 1), signed(3)] },
  { op: 'Pow', about: 'square', inputs: [signed(2, 3), scalar(2)], constant: [1] },
  { op: 'Pow', about: 'cube of both signs', inputs: [signed(4), scalar(3)], constant: [1] },
  { op: 'Pow', about: 'a whole exponent', inputs: [signed(4), tensor('int64', [], [3])] },
  { op: 'Pow', about: 'root', inputs: [uniform(0.5, 2, 3), scalar(0.5)], constant: [1] },
  {
    op: 'Pow',
    about: 'no NaN at zero',
    inputs: [values([4], 0, 0, 0, 2), values([4], 0, 1, 2, 0)],
    expected: [
      [0, 1, 0, 0],
      [0, 0, 0, Math.LN2],
    ],
  },

  { op: 'Mod', inputs: [distinct(2, 4), values([4], 0.72, -0.9, 1.3, 0.33)], attributes: { fmod: 1 } },

  { op: 'Clip', inputs: [distinct(4, 5), scalar(-0.62), scalar(0.71)] },
  { op: 'Clip', about: 'no bounds', inputs: [distinct(5)] },
  { op: 'Clip', about: 'the lower bound alone', inputs: [distinct(5), scalar(-0.02)] },
  { op: 'Clip', about: 'the upper bound alone', inputs: [distinct(5), undefined, scalar(0.02)], constant: [2] },
  {
    op: 'Clip',
    about: 'passes at the bounds',
    inputs: [values([5], -2, -1, 0, 1, 2), scalar(-1), scalar(1)],
    constant: [1, 2],
    expected: [[0, 1, 1, 1, 0]],
  },

  { op: 'Where', inputs: [bools([2, 3], 1, 0, 0, 1, 1, 0), signed(2, 3), signed(2, 3)] },
  { op: 'Where', about: 'broadcasts', inputs: [bools([3], 1, 0, 1), signed(2, 1), scalar(0.5)] },
  {
    op: 'Where',
    about: 'a masked infinity stays harmless',
    inputs: [bools([2], 1, 0), values([2], 1, 2), values([2], -Infinity, -Infinity)],
    expected: [undefined, [1, 0], [0, 1]],
  },

  { op: 'Cast', about: 'to single', inputs: [signed(2, 2)], attributes: { to: 1 } },
  { op: 'Cast', about: 'to double', inputs: [signed(2, 2)], attributes: { to: 11 } },
];
