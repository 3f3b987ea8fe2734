import { z } from 'zod';
import type { Value } from '../onnx/builder';
import { numbers, sizeOf, type Tensor } from '../onnx/tensor';
import { examine } from './anatomy';
import { newBuffer } from './insertion';
import { parametrizationOf, parametrize } from './parametrization';
import type { Patient } from './patient';
import { defineRemedy, DoesNotFit } from './remedy';
import { inUnits } from './units';

/** Power iterations before the first step, as `torch.nn.utils.parametrizations.spectral_norm` does them. */
const warmUp = 15;
const epsilon = 1e-12;

/**
 * `nn.utils.parametrizations.spectral_norm`: w = v/σ(v), σ the largest singular value of v as a matrix with one row per
 * output feature, followed by one power iteration a step (Miyato et al., 2018). The singular vectors are constants to
 * the gradient, and buffers of the model.
 */
export const spectralNorm = defineRemedy({
  id: 'spectral-norm',
  family: 'normalization',
  tier: 'architecture',
  against: ['exploding-gradient', 'oscillating-loss', 'non-finite'],
  parameters: z.strictObject({}),
  editSize: 2,
  changesNetwork: true,
  transform(patient, _parameters, units) {
    const layers = examine(patient).weights.filter(
      ({ layer, outputFirst, kind }) => inUnits(layer, units) && (outputFirst || kind === 'conv-transpose'),
    );
    if (layers.length === 0) throw new DoesNotFit('The model has no linear or convolution weight in PyTorch’s layout.');
    for (const layer of layers) {
      const stored = patient.graph.initializers.get(layer.weight)!;
      parametrize(patient, layer, 'original', (original) =>
        normalized(patient, original, stored, `${parametrizationOf(layer.weight)}.0`, layer.kind === 'conv-transpose'),
      );
    }
  },
});

function normalized(patient: Patient, original: Value, stored: Tensor, name: string, transposed: boolean): Value {
  const { g, mode, updates } = patient;
  const rows = transposed ? stored.shape[1]! : stored.shape[0]!;
  const columns = sizeOf(stored.shape) / rows;
  const axes = [1, 0, ...stored.shape.keys()].slice(0, 2).concat([...stored.shape.keys()].slice(2));
  const matrix = g.reshape(transposed ? g.transpose(original, axes) : original, [rows, columns]);
  const start = powerIterations(matrixOf(stored, rows, columns, transposed), rows, columns, patient.random.normal);
  const left = newBuffer(patient, `${name}._u`, [rows], start.left);
  const right = newBuffer(patient, `${name}._v`, [columns], start.right);
  let [u, v] = [left, right];
  if (mode === 'train') {
    const constant = g.detach(matrix);
    u = unit(patient, g.matmul(constant, v));
    v = unit(patient, g.matmul(g.transpose(constant, [1, 0]), u));
    updates.push({ name: left.name, value: u.name }, { name: right.name, value: v.name });
  }
  const sigma = g.matmul(u, g.matmul(matrix, v));
  return g.div(original, sigma);
}

/** x / max(‖x‖, ε). */
const unit = ({ g }: Patient, x: Value): Value => g.div(x, g.max(g.sqrt(g.sum(g.mul(x, x))), epsilon));

/** The stored weight as rows × columns, one row per output feature. */
function matrixOf(stored: Tensor, rows: number, columns: number, transposed: boolean): number[] {
  const values = numbers(stored);
  if (!transposed) return values;
  const receptive = sizeOf(stored.shape.slice(2));
  const inputs = stored.shape[0]!;
  const matrix = new Array<number>(rows * columns);
  for (let input = 0; input < inputs; input++)
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < receptive; k++)
        matrix[row * columns + input * receptive + k] = values[(input * rows + row) * receptive + k]!;
  return matrix;
}

function powerIterations(
  matrix: readonly number[],
  rows: number,
  columns: number,
  normal: () => number,
): { left: Float64Array; right: Float64Array } {
  const scaled = (vector: Float64Array): Float64Array => {
    const norm = Math.max(Math.hypot(...vector), epsilon);
    return vector.map((value) => value / norm);
  };
  let left = scaled(Float64Array.from({ length: rows }, normal));
  let right = scaled(Float64Array.from({ length: columns }, normal));
  for (let i = 0; i < warmUp; i++) {
    left = scaled(left.map((_, row) => right.reduce((sum, x, column) => sum + matrix[row * columns + column]! * x, 0)));
    right = scaled(
      right.map((_, column) => left.reduce((sum, x, row) => sum + matrix[row * columns + column]! * x, 0)),
    );
  }
  return { left, right };
}
