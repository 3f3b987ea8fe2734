import { bools, scalar, signed, uniform, values, type GradientCase } from './case';
import { float } from '../../../../../extension/onnx/builder';

const batchNorm = (about: string, shape: number[], attributes: GradientCase['attributes'] = {}): GradientCase => {
  const channels = shape[1]!;
  const training = attributes.training_mode === 1;
  return {
    op: 'BatchNormalization',
    about,
    inputs: [signed(...shape), signed(channels), signed(channels), signed(channels), uniform(0.5, 2, channels)],
    attributes,
    ...(training ? { outputs: 3, losses: 1, constant: [3, 4] } : {}),
  };
};

export const normalizationCases: GradientCase[] = [
  batchNorm('inference', [2, 3, 2, 2]),
  batchNorm('inference, two axes', [4, 2], { epsilon: float(0.1) }),
  batchNorm('training', [3, 2, 2, 2], { training_mode: 1 }),
  batchNorm('training, two axes', [5, 2], { training_mode: 1, epsilon: float(0.1) }),
  batchNorm('training, one axis of space', [2, 2, 3], { training_mode: 1, momentum: float(0) }),
  { op: 'LayerNormalization', inputs: [signed(3, 4), signed(4), signed(4)] },
  {
    op: 'LayerNormalization',
    about: 'two axes, no bias',
    inputs: [signed(2, 3, 2), signed(3, 2)],
    attributes: { axis: 1, epsilon: float(0.01) },
  },
  { op: 'LayerNormalization', about: 'one element', inputs: [signed(2, 1), signed(1), signed(1)] },
  {
    op: 'LayerNormalization',
    about: 'all outputs',
    inputs: [signed(3, 4), signed(4), signed(4)],
    outputs: 3,
    single: true,
  },
  { op: 'MeanVarianceNormalization', inputs: [signed(2, 2, 2, 2)] },
  { op: 'MeanVarianceNormalization', about: 'axes', inputs: [signed(3, 4)], attributes: { axes: [-1] } },
  { op: 'InstanceNormalization', inputs: [signed(2, 3, 4), signed(3), signed(3)] },
  {
    op: 'InstanceNormalization',
    about: 'images',
    inputs: [signed(2, 2, 2, 2), signed(2), signed(2)],
    attributes: { epsilon: float(0.1) },
  },
  { op: 'LpNormalization', inputs: [signed(2, 3)] },
  { op: 'LpNormalization', about: 'p 1, outer axis', inputs: [signed(2, 3)], attributes: { p: 1, axis: 0 } },
  { op: 'LpNormalization', about: 'zero at zero', inputs: [values([2], 0, 0)], expected: [[0, 0]] },
  { op: 'LRN', inputs: [signed(1, 5, 2, 2)], attributes: { size: 3, alpha: float(0.5) } },
  {
    op: 'LRN',
    about: 'attributes',
    inputs: [signed(2, 4, 1, 2)],
    attributes: { size: 5, alpha: float(0.8), beta: float(0.5), bias: float(2) },
  },
  { op: 'Dropout', about: 'inference', inputs: [signed(3, 2), scalar(0.4)], constant: [1] },
  { op: 'Dropout', about: 'inference, said so', inputs: [signed(3, 2), scalar(0.4), bools([], 0)], constant: [1] },
  {
    op: 'Dropout',
    about: 'training',
    inputs: [signed(3, 2), scalar(0.4), bools([], 1)],
    attributes: { seed: 7 },
    constant: [1],
    random: true,
  },
];
