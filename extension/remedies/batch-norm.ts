import { z } from 'zod';
import { float } from '../onnx/builder';
import { insertAfter, newBuffer, newParameter } from './insertion';
import { examine, type Block } from './anatomy';
import { defineRemedy, DoesNotFit } from './remedy';
import { withoutBias } from './redundant-bias';
import { tidy } from './rewrite';
import { inUnits } from './units';

/**
 * `nn.BatchNorm1d/2d/3d` between each hidden linear or convolution layer and its activation (Ioffe and Szegedy, 2015),
 * on batch statistics while training; the bias before it, which it would cancel, is dropped.
 */
export const batchNorm = defineRemedy({
  id: 'batch-norm',
  family: 'normalization',
  tier: 'architecture',
  against: [
    'vanishing-gradient',
    'exploding-gradient',
    'poor-initialization',
    'saturated-units',
    'dead-units',
    'non-finite',
    'no-update',
  ],
  parameters: z.strictObject({
    momentum: z.number().min(0).max(1).default(0.1),
    eps: z.number().positive().default(1e-5),
  }),
  editSize: 4,
  changesNetwork: true,
  transform(patient, { momentum, eps }, units) {
    const { blocks, isNormalized } = examine(patient);
    const places = blocks.filter(
      ({ weights }) => inUnits(weights.layer, units) && fits(weights) && !isNormalized(weights),
    );
    if (places.length === 0)
      throw new DoesNotFit('No hidden linear or convolution layer without normalization, with the features on axis 1.');
    for (const { weights } of places) {
      const { layer, features } = weights;
      const output = withoutBias(patient, weights);
      const name = `${layer}.norm`;
      const scale = newParameter(patient, `${name}.weight`, [features], 1);
      const shift = newParameter(patient, `${name}.bias`, [features], 0);
      const mean = newBuffer(patient, `${name}.running_mean`, [features], 0);
      const variance = newBuffer(patient, `${name}.running_var`, [features], 1);
      // ONNX weighs the old statistics, PyTorch the new ones.
      const attributes = { epsilon: float(eps), momentum: float(1 - momentum) };
      insertAfter(patient, output, name, (x) =>
        patient.g.op('BatchNormalization', [x, scale, shift, mean, variance], attributes, x),
      );
    }
    tidy(patient.graph);
  },
});

/** BatchNorm1d on the output of a linear layer over a sequence would take time steps for features. */
const fits = ({ output, featureAxis }: Block['weights']): boolean => featureAxis === 1 && output.shape.length >= 2;
