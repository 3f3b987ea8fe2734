import { z } from 'zod';
import { activationSwap } from './activation-swap';

/** x·σ(x), also called swish (Elfwing et al., 2018; Ramachandran et al., 2017). */
export const silu = activationSwap('silu', z.strictObject({}), ({ g }, x) => g.mul(x, g.unary('Sigmoid', x)));
