import { z } from 'zod';
import { float } from '../onnx/builder';
import { activationSwap } from './activation-swap';

/** x where positive, α(eˣ − 1) elsewhere (Clevert et al., 2016). */
export const elu = activationSwap(
  'elu',
  z.strictObject({ alpha: z.number().positive().default(1) }),
  ({ g }, x, { alpha }) => g.unary('Elu', x, { alpha: float(alpha) }),
);
