import { z } from 'zod';
import { sizeOf } from '../onnx/tensor';
import { activationSwap } from './activation-swap';
import { kaimingDeviation, normalDraws, reinitialize } from './initialization';
import type { Remedy } from './remedy';

const swap = activationSwap('selu', z.strictObject({}), ({ g }, x) => g.unary('Selu', x));

/** Self-normalizing units, which hold only with LeCun normal weights (Klambauer et al., 2017): both change together. */
export const selu: Remedy = {
  ...swap,
  editSize: 4,
  async transform(patient, parameters, units) {
    await swap.transform?.(patient, parameters, units);
    reinitialize(patient, undefined, (layer) => normalDraws(patient, sizeOf(layer.shape), kaimingDeviation(layer, 1)));
  },
};
