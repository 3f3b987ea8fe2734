import { z } from 'zod';
import { activationSwap } from './activation-swap';

/** x·tanh(softplus(x)) (Misra, 2020). */
export const mish = activationSwap('mish', z.strictObject({}), ({ g }, x) =>
  g.mul(x, g.unary('Tanh', g.unary('Softplus', x))),
);
