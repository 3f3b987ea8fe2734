import { z } from 'zod';
import { activationSwap } from './activation-swap';

/** x·Φ(x), Φ the standard normal distribution function (Hendrycks and Gimpel, 2016). */
export const gelu = activationSwap('gelu', z.strictObject({}), ({ g }, x) =>
  g.mul(g.mul(x, 0.5), g.add(g.unary('Erf', g.mul(x, Math.SQRT1_2)), 1)),
);
