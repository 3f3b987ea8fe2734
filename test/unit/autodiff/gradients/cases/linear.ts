import { float } from '../../../../../extension/onnx/builder';
import { scalar, signed, type GradientCase } from './case';

export const linearCases: GradientCase[] = [
  { op: 'MatMul', inputs: [signed(2, 3), signed(3, 4)] },
  { op: 'MatMul', about: 'a batch and one matrix', inputs: [signed(2, 2, 3), signed(3, 2)] },
  { op: 'MatMul', about: 'two batches', inputs: [signed(2, 2, 3), signed(2, 3, 2)] },
  { op: 'MatMul', about: 'batches broadcast', inputs: [signed(2, 1, 2, 3), signed(3, 3, 2)] },
  { op: 'MatMul', about: 'one matrix and a batch', inputs: [signed(2, 3), signed(2, 3, 2)] },
  { op: 'MatMul', about: 'vectors', inputs: [signed(3), signed(3)] },
  { op: 'MatMul', about: 'vector by matrix', inputs: [signed(3), signed(3, 2)] },
  { op: 'MatMul', about: 'matrix by vector', inputs: [signed(2, 3), signed(3)] },
  { op: 'MatMul', about: 'vector by batch', inputs: [signed(3), signed(2, 3, 2)] },
  { op: 'MatMul', about: 'batch by vector', inputs: [signed(2, 2, 3), signed(3)] },
  { op: 'MatMul', about: 'ones', inputs: [signed(1, 1), signed(1, 1)] },
  { op: 'MatMul', about: 'the weight alone is wanted', inputs: [signed(2, 3), signed(3, 2)], constant: [0] },

  { op: 'Gemm', inputs: [signed(2, 3), signed(3, 4), signed(4)] },
  { op: 'Gemm', about: 'no bias', inputs: [signed(2, 3), signed(3, 4)] },
  ...[0, 1].flatMap((transA) =>
    [0, 1].map((transB): GradientCase => ({
      op: 'Gemm',
      about: `transA ${transA}, transB ${transB}`,
      inputs: [transA ? signed(3, 2) : signed(2, 3), transB ? signed(4, 3) : signed(3, 4), signed(2, 1)],
      attributes: { transA, transB, alpha: float(0.7), beta: float(1.5) },
    })),
  ),
  { op: 'Gemm', about: 'a scalar bias', inputs: [signed(2, 3), signed(3, 2), scalar(0.3)] },
  { op: 'Gemm', about: 'a whole bias', inputs: [signed(1, 3), signed(3, 1), signed(1, 1)] },
];
