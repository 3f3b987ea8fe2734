import { distinct, int64, signed, values, type GradientCase } from './case';

const conv = (
  about: string,
  x: number[],
  w: number[],
  attributes: GradientCase['attributes'] = {},
  bias = false,
): GradientCase => ({
  op: 'Conv',
  about,
  inputs: [signed(...x), signed(...w), ...(bias ? [signed(w[0]!)] : [])],
  attributes,
});

const transposed = (
  about: string,
  x: number[],
  w: number[],
  attributes: GradientCase['attributes'] = {},
  bias = 0,
): GradientCase => ({
  op: 'ConvTranspose',
  about,
  inputs: [signed(...x), signed(...w), ...(bias ? [signed(bias)] : [])],
  attributes,
});

const pool = (op: string, about: string, x: number[], attributes: GradientCase['attributes']): GradientCase => ({
  op,
  about,
  inputs: [distinct(...x)],
  attributes,
});

export const convolutionCases: GradientCase[] = [
  conv('with bias', [2, 2, 5, 5], [3, 2, 3, 3], {}, true),
  conv('padded', [1, 2, 6, 6], [2, 2, 3, 3], { pads: [1, 1, 1, 1] }),
  conv('padded unevenly', [1, 1, 5, 6], [2, 1, 3, 2], { pads: [0, 1, 2, 0] }),
  conv('padded beyond the kernel', [1, 1, 3, 3], [1, 1, 2, 2], { pads: [2, 2, 2, 2] }),
  conv('strided', [1, 2, 6, 7], [2, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv('a stride that leaves a rest', [1, 1, 8, 8], [1, 1, 2, 2], { strides: [3, 3] }),
  conv('a stride beyond the kernel', [1, 2, 7, 7], [2, 2, 1, 1], { strides: [2, 3] }),
  conv('dilated', [1, 2, 7, 7], [2, 2, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  conv('dilated and strided', [1, 1, 8, 7], [2, 1, 2, 3], { dilations: [3, 2], strides: [2, 1] }),
  conv('groups', [2, 4, 4, 4], [4, 2, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  conv('depthwise', [2, 3, 5, 5], [3, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1] }, true),
  conv('depthwise, two outputs a channel', [1, 2, 4, 4], [4, 1, 3, 3], { group: 2, strides: [2, 2] }),
  conv('1×1', [2, 3, 3, 3], [2, 3, 1, 1], {}, true),
  conv('1×1 with groups', [2, 4, 3, 2], [2, 2, 1, 1], { group: 2 }),
  conv('more channels than positions', [2, 2, 3, 3], [5, 2, 2, 2], {}),
  conv('more channels than positions, strided', [2, 2, 5, 5], [5, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 0, 0] }),
  conv('one axis', [2, 2, 8], [3, 2, 3], { pads: [1, 1], strides: [2] }, true),
  conv('three axes', [1, 2, 3, 4, 3], [2, 2, 2, 2, 2], { pads: [0, 1, 0, 1, 0, 1] }),
  conv('three axes, strided', [1, 1, 5, 4, 3], [2, 1, 3, 2, 1], { strides: [2, 2, 1] }, true),
  conv('a kernel as large as the image', [2, 2, 3, 3], [3, 2, 3, 3]),
  conv('same, upper', [1, 1, 5, 6], [1, 1, 2, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  conv('same, lower', [1, 1, 5, 6], [1, 1, 2, 4], { auto_pad: 'SAME_LOWER' }),
  conv('valid', [1, 1, 5, 5], [1, 1, 3, 3], { auto_pad: 'VALID', strides: [2, 2] }),
  { ...conv('a large image', [1, 1, 33, 33], [1, 1, 2, 2]), constant: [0], about: 'the weight alone, many positions' },

  transposed('with bias', [2, 2, 3, 3], [2, 3, 3, 3], {}, 3),
  transposed('strided', [1, 2, 3, 3], [2, 2, 3, 3], { strides: [2, 2] }),
  transposed('padded', [1, 2, 4, 4], [2, 1, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  transposed('padded unevenly', [1, 1, 4, 4], [1, 1, 3, 3], { strides: [2, 1], pads: [1, 0, 0, 1] }),
  transposed(
    'output padding',
    [1, 2, 3, 3],
    [2, 2, 3, 3],
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
    2,
  ),
  transposed('dilated', [1, 1, 3, 4], [1, 2, 2, 3], { dilations: [2, 2] }),
  transposed('groups', [2, 4, 2, 2], [4, 1, 3, 3], { group: 2, strides: [2, 2] }, 2),
  transposed('depthwise', [1, 3, 3, 3], [3, 1, 2, 2], { group: 3 }),
  transposed('one axis', [2, 2, 4], [2, 3, 3], { strides: [2] }, 3),
  transposed('three axes', [1, 1, 2, 3, 2], [1, 2, 2, 2, 2], { strides: [2, 1, 2] }),
  transposed('output shape', [1, 1, 3, 3], [1, 1, 3, 3], { strides: [2, 2], output_shape: [6, 6] }),
  transposed('same, upper', [1, 1, 3, 3], [1, 1, 3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  transposed('same, lower', [1, 1, 3, 3], [1, 1, 3, 3], { strides: [2, 2], auto_pad: 'SAME_LOWER' }),
];

export const columnCases: GradientCase[] = [
  { op: 'Col2Im', inputs: [signed(1, 8, 6), int64(3, 4), int64(2, 2)] },
  {
    op: 'Col2Im',
    about: 'strided, padded, dilated',
    inputs: [signed(2, 4, 4), int64(4, 4), int64(2, 2)],
    attributes: { strides: [2, 2], dilations: [2, 2], pads: [1, 1, 0, 0] },
  },
];

export const poolingCases: GradientCase[] = [
  pool('MaxPool', 'halving', [2, 2, 4, 4], { kernel_shape: [2, 2], strides: [2, 2] }),
  pool('MaxPool', 'overlapping and padded', [1, 2, 5, 5], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
  pool('MaxPool', 'ceiling', [1, 1, 6, 6], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  pool('MaxPool', 'dilated', [1, 1, 6, 6], { kernel_shape: [2, 2], dilations: [2, 3] }),
  pool('MaxPool', 'one axis', [2, 1, 7], { kernel_shape: [3], strides: [2] }),
  pool('MaxPool', 'three axes', [1, 2, 3, 4, 4], { kernel_shape: [2, 2, 2], strides: [1, 2, 2] }),
  pool('MaxPool', 'same', [1, 1, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  {
    ...pool('MaxPool', 'indices by columns', [2, 1, 4, 6], { kernel_shape: [2, 2], strides: [2, 2], storage_order: 1 }),
    outputs: 2,
  },
  {
    op: 'MaxPool',
    about: 'the first of equals',
    inputs: [values([1, 1, 2, 4], 0, 0, 2, 1, 0, 0, 1, 2)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    expected: [[1, 0, 1, 0, 0, 0, 0, 0]],
  },
  pool('AveragePool', 'halving', [2, 2, 4, 4], { kernel_shape: [2, 2], strides: [2, 2] }),
  pool('AveragePool', 'overlapping and padded', [1, 2, 5, 5], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
  pool('AveragePool', 'padding counts', [1, 1, 5, 5], {
    kernel_shape: [3, 3],
    pads: [1, 0, 1, 2],
    count_include_pad: 1,
  }),
  pool('AveragePool', 'a rest', [1, 1, 5, 6], { kernel_shape: [2, 2], strides: [2, 3] }),
  pool('AveragePool', 'ceiling', [1, 1, 6, 6], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  pool('AveragePool', 'ceiling, padding counts', [1, 1, 6, 6], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    ceil_mode: 1,
    count_include_pad: 1,
  }),
  pool('AveragePool', 'same', [1, 1, 5, 5], { kernel_shape: [3, 2], strides: [2, 2], auto_pad: 'SAME_LOWER' }),
  pool('AveragePool', 'same, padding counts', [1, 1, 5, 5], {
    kernel_shape: [3, 2],
    strides: [2, 2],
    auto_pad: 'SAME_UPPER',
    count_include_pad: 1,
  }),
  pool('AveragePool', 'one axis', [2, 1, 7], { kernel_shape: [3], strides: [2] }),
  pool('AveragePool', 'three axes', [1, 1, 3, 4, 4], { kernel_shape: [2, 2, 2], strides: [1, 2, 2] }),
  pool('GlobalAveragePool', 'images', [2, 3, 2, 2], {}),
  pool('GlobalAveragePool', 'one axis', [2, 1, 3], {}),
  {
    op: 'GlobalMaxPool',
    about: 'the first of equals',
    inputs: [values([1, 1, 3], 1, 2, 2)],
    attributes: {},
    expected: [[0, 1, 0]],
  },
  pool('LpPool', 'p 2', [1, 2, 5, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool('LpPool', 'p 3, dilated', [1, 1, 6, 6], { kernel_shape: [2, 2], p: 3, dilations: [2, 2] }),
  pool('LpPool', 'p 1, one axis', [1, 2, 6], { kernel_shape: [2], p: 1, strides: [2] }),
  pool('LpPool', 'ceiling', [1, 1, 6, 6], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  pool('GlobalLpPool', 'p 2', [2, 2, 3], {}),
  pool('GlobalLpPool', 'p 3', [1, 2, 2, 2], { p: 3 }),
  pool('GlobalMaxPool', 'images', [2, 3, 2, 2], {}),
  pool('GlobalMaxPool', 'one element', [2, 2, 1], {}),
];
