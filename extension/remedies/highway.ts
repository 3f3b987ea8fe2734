import { z } from 'zod';
import type { Value } from '../onnx/builder';
import { sizeOf } from '../onnx/tensor';
import { insertAfter, newParameter } from './insertion';
import type { Block } from './anatomy';
import type { Patient } from './patient';
import { defineRemedy, DoesNotFit } from './remedy';
import { tidy } from './rewrite';
import { currentInput, keepsShape, plainBlocks } from './skip-placement';

/**
 * y = T(x)·H(x) + (1 − T(x))·x, where H is the block and T = σ(W_T x + b_T) a trained gate (Srivastava et al., 2015). A
 * negative gate bias lets the input through at the start.
 */
export const highway = defineRemedy({
  id: 'highway',
  family: 'gate',
  tier: 'architecture',
  against: ['vanishing-gradient', 'no-update', 'saturated-units', 'loss-not-decreasing'],
  parameters: z.strictObject({ gate_bias: z.number().max(0).default(-2) }),
  editSize: 4,
  changesNetwork: true,
  transform(patient, { gate_bias }, units) {
    const places = plainBlocks(patient, units).filter(
      (block) => keepsShape(block) && block.weights.kind !== 'conv-transpose',
    );
    if (places.length === 0)
      throw new DoesNotFit(
        'A highway gate needs hidden blocks whose output has the shape of their input; there are none.',
      );
    for (const block of places) {
      const { g } = patient;
      const layer = `${block.weights.layer}.gate`;
      const x = currentInput(patient, block);
      const gate = g.at({ layer }, () => g.unary('Sigmoid', gateOf(patient, block, x, layer, gate_bias)));
      insertAfter(patient, block.output, layer, (h) => g.add(g.mul(h, gate), g.mul(x, g.sub(1, gate))));
    }
    tidy(patient.graph);
  },
});

/** A weight layer of the same geometry as the block's, with PyTorch's default weights (Kaiming uniform, a = √5). */
function gateOf(patient: Patient, { weights }: Block, x: Value, layer: string, bias: number): Value {
  const { g, random } = patient;
  const { features, kind, shape, node } = weights;
  const size = sizeOf(shape);
  const bound = 1 / Math.sqrt(size / features);
  const draws = Float64Array.from({ length: size }, () => bound * (2 * random.uniform() - 1));
  const shift = newParameter(patient, `${layer}.bias`, [features], bias);
  if (kind === 'conv') {
    const weight = newParameter(patient, `${layer}.weight`, shape, draws);
    return g.op('Conv', [x, weight, shift], node.attributes, x);
  }
  const weight = newParameter(patient, `${layer}.weight`, [features, size / features], draws);
  return g.add(g.matmul(x, g.matrixTranspose(weight)), shift);
}
