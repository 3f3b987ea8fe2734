import { z } from 'zod';
import { float } from '../onnx/builder';
import { activationSwap } from './activation-swap';

/** x where positive, slope·x elsewhere (Maas et al., 2013). */
export const leakyRelu = activationSwap(
  'leaky-relu',
  z.strictObject({ slope: z.number().min(0).max(1).default(0.01) }),
  ({ g }, x, { slope }) => g.unary('LeakyRelu', x, { alpha: float(slope) }),
);
