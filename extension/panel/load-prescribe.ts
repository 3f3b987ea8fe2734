import { createRequire } from 'node:module';
import type * as Prescribe from '../remedies/prescribe';

/** The search for a prescription and its catalogue: a bundle of its own, because it is large and few sessions need it. */
export const loadPrescribe = (): typeof Prescribe => createRequire(__filename)('./prescribe.js') as typeof Prescribe;
