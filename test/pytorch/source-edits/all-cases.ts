import type { EditCase } from './cases';
import { activationCases } from './activation.cases';
import { initializationCases } from './initialization.cases';
import { longSkipCases } from './long-skip.cases';
import { lsuvCases } from './lsuv.cases';
import { normalizationCases } from './normalization.cases';
import { recurrentCases } from './recurrent.cases';
import { skipCases } from './skip.cases';
import { trainingCases } from './training.cases';

export const allCases: readonly EditCase[] = [
  ...activationCases,
  ...initializationCases,
  ...longSkipCases,
  ...lsuvCases,
  ...normalizationCases,
  ...recurrentCases,
  ...skipCases,
  ...trainingCases,
];
