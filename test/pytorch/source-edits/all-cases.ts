import type { EditCase } from './cases';
import { initializationCases } from './initialization.cases';
import { normalizationCases } from './normalization.cases';
import { skipCases } from './skip.cases';

export const allCases: readonly EditCase[] = [...initializationCases, ...normalizationCases, ...skipCases];
