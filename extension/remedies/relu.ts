import { z } from 'zod';
import { activationSwap } from './activation-swap';

/** max(0, x) (Nair and Hinton, 2010). */
export const relu = activationSwap('relu', z.strictObject({}), ({ g }, x) => g.unary('Relu', x));
