import { z } from 'zod';
import type { Value } from '../onnx/builder';
import { sizeOf, type Shape } from '../onnx/tensor';
import { newParameter } from './insertion';
import { normalizeFeatures } from './layer-norm';
import type { Patient } from './patient';
import { recurrentLayers, replaceRecurrent, type RecurrentLayer } from './recurrent-layers';
import { defineRemedy, DoesNotFit } from './remedy';
import { inUnits } from './units';

/**
 * Multi-head self-attention of the same width in the place of a recurrent layer (Vaswani et al., 2017), with a residual
 * connection and layer norm: y = LN(p + MHA(p)), where p is the input brought to width by a linear layer.
 */
export const selfAttention = defineRemedy({
  id: 'self-attention',
  family: 'attention',
  tier: 'architecture',
  against: ['vanishing-through-time', 'exploding-through-time', 'vanishing-gradient', 'loss-not-decreasing'],
  parameters: z.strictObject({ heads: z.number().int().positive().default(4) }),
  editSize: 6,
  changesNetwork: true,
  transform(patient, { heads }, units) {
    const layers = recurrentLayers(patient).filter(({ layer }) => inUnits(layer, units));
    if (layers.length === 0)
      throw new DoesNotFit('The model has no recurrent layer whose input and output can be read.');
    for (const layer of layers) replaceRecurrent(patient, layer, () => build(patient, layer, heads));
  },
});

function build(patient: Patient, old: RecurrentLayer, wanted: number): { sequence: Value; state: () => Value } {
  const { g } = patient;
  const width = old.directions * old.hiddenSize;
  const heads = greatestDivisor(width, wanted);
  const x = old.batchFirst ? old.input : g.transpose(old.input, [1, 0, 2]);
  const [batch, time] = x.shape as [number, number, number];
  const p = dense(patient, x, width, `${old.layer}.projection`);
  const attended = attention(patient, p, heads, `${old.layer}.attention`);
  const y = normalizeFeatures(patient, g.add(p, attended), `${old.layer}.norm`);
  const sequence = old.batchFirst ? y : g.transpose(y, [1, 0, 2]);
  // The last step stands in for the last hidden state, the directions side by side, the same for every level.
  const state = (): Value => {
    const last = g.reshape(g.slice(y, 1, time - 1, time), [batch, old.directions, old.hiddenSize]);
    const level = g.transpose(last, [1, 0, 2]);
    return g.concat(
      Array.from({ length: old.depth }, () => level),
      0,
    );
  };
  return { sequence, state };
}

/** `nn.MultiheadAttention(width, heads, batch_first=True)` on [batch, time, width]. */
function attention(patient: Patient, x: Value, heads: number, name: string): Value {
  const { g } = patient;
  const [batch, time, width] = x.shape as [number, number, number];
  const size = width / heads;
  const projected = linear(
    patient,
    x,
    uniform(patient, [3 * width, width], Math.sqrt(6 / (4 * width))),
    `${name}.in_proj_`,
  );
  const [q, k, v] = g
    .split(projected, [width, width, width], 2)
    .map((part) => g.transpose(g.reshape(part, [batch, time, heads, size]), [0, 2, 1, 3])) as [Value, Value, Value];
  const scores = g.mul(g.matmul(q, g.matrixTranspose(k)), 1 / Math.sqrt(size));
  const mixed = g.matmul(g.unary('Softmax', scores, { axis: 3 }), v);
  const joined = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [batch, time, width]);
  return linear(patient, joined, uniform(patient, [width, width], 1 / Math.sqrt(width)), `${name}.out_proj.`);
}

/** `nn.Linear` with PyTorch's default weights. */
const dense = (patient: Patient, x: Value, width: number, name: string): Value => {
  const fanIn = x.shape.at(-1)!;
  return linear(patient, x, uniform(patient, [width, fanIn], 1 / Math.sqrt(fanIn)), `${name}.`);
};

interface Draws {
  shape: Shape;
  values: Float64Array;
}

const uniform = ({ random }: Patient, shape: Shape, bound: number): Draws => ({
  shape,
  values: Float64Array.from({ length: sizeOf(shape) }, () => bound * (2 * random.uniform() - 1)),
});

function linear(patient: Patient, x: Value, { shape, values }: Draws, prefix: string): Value {
  const weight = newParameter(patient, `${prefix}weight`, shape, values);
  const bias = newParameter(patient, `${prefix}bias`, [shape[0]!], 0);
  return patient.g.add(patient.g.matmul(x, patient.g.matrixTranspose(weight)), bias);
}

/** The largest divisor of a width that is not above what was asked for. */
function greatestDivisor(width: number, atMost: number): number {
  for (let heads = Math.min(atMost, width); heads > 1; heads--) if (width % heads === 0) return heads;
  return 1;
}
