import { distinct, int64, int64s, scalar, signed, values, type GradientCase } from './case';
import { tensor } from '../../../../../extension/onnx/tensor';

const scatterElements = (about: string, reduction: string, data = distinct(3, 3)): GradientCase => ({
  op: 'ScatterElements',
  about: `${about} ${reduction}`,
  inputs: [data, int64s([2, 3], 0, 2, 1, 2, 0, 2), signed(2, 3)],
  attributes: { reduction },
});

const einsum = (equation: string, ...shapes: number[][]): GradientCase => ({
  op: 'Einsum',
  about: equation,
  inputs: shapes.map((shape) => signed(...shape)),
  attributes: { equation },
});

export const indexingCases: GradientCase[] = [
  { op: 'Gather', inputs: [signed(4, 3), int64(2, 0, 2)] },
  { op: 'Gather', about: 'a matrix of indices', inputs: [signed(5, 2), int64s([2, 3], 0, 4, 4, 1, -1, 4)] },
  { op: 'Gather', about: 'inner axis', inputs: [signed(2, 4, 2), int64(3, -3, 3)], attributes: { axis: 1 } },
  { op: 'Gather', about: 'one index', inputs: [signed(2, 4), tensor('int64', [], [-1])], attributes: { axis: 1 } },
  { op: 'Gather', about: 'a list of one', inputs: [signed(3, 2), int64(1)] },
  { op: 'Gather', about: 'no index', inputs: [signed(3, 2), int64()] },
  { op: 'GatherElements', inputs: [signed(3, 3), int64s([2, 3], 0, 2, 1, 0, -1, 1)] },
  {
    op: 'GatherElements',
    about: 'inner axis',
    inputs: [signed(2, 4), int64s([2, 3], 3, 3, 0, 1, -1, 1)],
    attributes: { axis: 1 },
  },
  { op: 'GatherND', inputs: [signed(3, 4), int64s([3, 2], 0, 1, 2, 3, 0, -3)] },
  { op: 'GatherND', about: 'rows', inputs: [signed(3, 2, 2), int64s([2, 1], 1, 1)] },
  {
    op: 'GatherND',
    about: 'batches',
    inputs: [signed(2, 3, 2), int64s([2, 2, 1], 1, 0, 2, 2)],
    attributes: { batch_dims: 1 },
  },

  { op: 'ScatterElements', inputs: [signed(3, 3), int64s([2, 3], 0, 2, 1, 2, 0, 2), signed(2, 3)] },
  {
    op: 'ScatterElements',
    about: 'inner axis',
    inputs: [signed(2, 4), int64s([2, 2], 3, 0, -2, 1), signed(2, 2)],
    attributes: { axis: 1 },
  },
  scatterElements('', 'add'),
  scatterElements('', 'mul'),
  scatterElements('', 'max'),
  scatterElements('', 'min'),
  scatterElements('with one zero', 'mul', values([3, 3], 0, 1, 2, 3, 0.5, 6, 7, 8, 9)),
  {
    op: 'ScatterElements',
    about: 'repeated indices, add',
    inputs: [signed(3), int64(1, 1, 0), signed(3)],
    attributes: { reduction: 'add' },
  },
  {
    op: 'ScatterElements',
    about: 'a tie shares, max',
    inputs: [values([2], 1, 2), int64(0, 0, 1), values([3], 1, 1, 3)],
    attributes: { reduction: 'max' },
    expected: [[1 / 3, 0], undefined, [1 / 3, 1 / 3, 1]],
  },
  { op: 'ScatterND', inputs: [signed(4, 2), int64s([2, 1], 3, 1), signed(2, 2)] },
  { op: 'ScatterND', about: 'elements', inputs: [signed(3, 3), int64s([2, 2], 0, 1, 2, -1), signed(2)] },
  {
    op: 'ScatterND',
    about: 'add',
    inputs: [signed(4), int64s([3, 1], 3, 1, 0), signed(3)],
    attributes: { reduction: 'add' },
  },
  {
    op: 'ScatterND',
    about: 'mul',
    inputs: [signed(4), int64s([3, 1], 3, 1, 0), signed(3)],
    attributes: { reduction: 'mul' },
  },
  {
    op: 'ScatterND',
    about: 'max',
    inputs: [signed(4), int64s([3, 1], 3, 1, 0), signed(3)],
    attributes: { reduction: 'max' },
  },

  { op: 'TopK', inputs: [distinct(3, 5), int64(2)], outputs: 2 },
  {
    op: 'TopK',
    about: 'the smallest, outer axis',
    inputs: [distinct(4, 2), int64(3)],
    attributes: { axis: 0, largest: 0 },
    outputs: 2,
  },
  { op: 'TopK', about: 'all, unsorted', inputs: [distinct(3), int64(3)], attributes: { sorted: 0 }, outputs: 2 },
  {
    op: 'MaxUnpool',
    inputs: [signed(1, 1, 2, 2), int64s([1, 1, 2, 2], 0, 3, 9, 14)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },

  { op: 'OneHot', inputs: [int64(0, 2, -1, 5), tensor('int64', [], [3]), signed(2)] },
  {
    op: 'OneHot',
    about: 'outer axis',
    inputs: [int64s([2, 2], 0, 2, 1, 1), tensor('int64', [], [3]), signed(2)],
    attributes: { axis: 0 },
  },
  { op: 'CumSum', inputs: [signed(2, 4), tensor('int64', [], [1])] },
  { op: 'CumSum', about: 'exclusive', inputs: [signed(3, 2), tensor('int64', [], [0])], attributes: { exclusive: 1 } },
  { op: 'CumSum', about: 'reverse', inputs: [signed(2, 3), tensor('int64', [], [-1])], attributes: { reverse: 1 } },
  {
    op: 'CumSum',
    about: 'exclusive, reverse',
    inputs: [signed(4), tensor('int64', [], [0])],
    attributes: { exclusive: 1, reverse: 1 },
  },

  ...['everything', 'one axis', 'dropped'].map((about): GradientCase => ({
    op: 'ReduceProd',
    about,
    inputs: [signed(2, 3), about === 'everything' ? undefined : int64(1)],
    attributes: { keepdims: about === 'dropped' ? 0 : 1 },
  })),
  {
    op: 'ReduceProd',
    about: 'zeros',
    inputs: [values([3, 2], 2, 3, 0, 4, 0, 0), int64(1)],
    expected: [[3, 2, 4, 0, 0, 0]],
  },
  {
    op: 'ReduceLogSumExp',
    about: 'all -∞',
    inputs: [values([2], -Infinity, -Infinity)],
    expected: [[0, 0]],
  },

  { op: 'ReverseSequence', inputs: [signed(4, 3), int64(1, 4, 3)] },
  {
    op: 'ReverseSequence',
    about: 'batch first',
    inputs: [signed(2, 3, 2), int64(2, 3)],
    attributes: { time_axis: 1, batch_axis: 0 },
  },

  { op: 'Det', inputs: [signed(3, 3)] },
  { op: 'Det', about: 'a batch', inputs: [signed(2, 2, 2)] },
  { op: 'Det', about: 'one element', inputs: [signed(2, 1, 1)] },
  { op: 'Det', about: 'of a singular matrix', inputs: [values([2, 2], 1, 2, 2, 4)] },

  einsum('ij,jk->ik', [2, 3], [3, 2]),
  einsum('bij,bjk->bik', [2, 2, 3], [2, 3, 2]),
  einsum('bhid,bhjd->bhij', [1, 2, 2, 3], [1, 2, 3, 3]),
  einsum('i,j->ij', [2], [3]),
  einsum('ij->ji', [2, 3]),
  einsum('ij->i', [2, 3]),
  einsum('ij->', [2, 3]),
  einsum('ii->i', [3, 3]),
  einsum('ii', [3, 3]),
  einsum('ij,jk', [2, 3], [3, 2]),
  einsum('...ij,...jk->...ik', [2, 2, 3], [2, 3, 2]),
  einsum('...ij,jk->...ik', [2, 1, 2, 3], [3, 2]),
  einsum('ij,jk,kl->il', [2, 3], [3, 2], [2, 2]),
  einsum('ij,kl->i', [2, 3], [2, 2]),
  { op: 'Einsum', about: 'a scalar', inputs: [scalar(2), signed(2)], attributes: { equation: ',i->i' } },
];
