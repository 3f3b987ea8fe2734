import { distinct, int64, signed, uniform, values, type GradientCase } from './case';

export const reductionCases: GradientCase[] = [
  ...[
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
    'ReduceLogSum',
  ].flatMap((op): GradientCase[] => {
    const x = () => (op === 'ReduceLogSum' ? uniform(0.5, 2, 2, 3, 2) : distinct(2, 3, 2));
    return [
      { op, about: 'everything', inputs: [x()] },
      { op, about: 'one axis', inputs: [x(), int64(1)] },
      { op, about: 'two axes, dropped', inputs: [x(), int64(0, -1)], attributes: { keepdims: 0 } },
      { op, about: 'a matrix of one', inputs: [values([1, 1], 0.7), int64(1)] },
    ];
  }),
  { op: 'ReduceSum', about: 'no axes, so none', inputs: [signed(2, 3)], attributes: { noop_with_empty_axes: 1 } },
  {
    op: 'ReduceMax',
    about: 'shares ties',
    inputs: [values([2, 2], 3, 3, 1, 2), int64(1)],
    expected: [[0.5, 0.5, 0, 1]],
  },
  { op: 'ReduceL2', about: 'zero at zero', inputs: [values([2], 0, 0)], expected: [[0, 0]] },
];
