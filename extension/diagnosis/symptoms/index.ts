/** Every symptom, causes before what they bring about: a symptom is not reported again for layers already explained. */
import type { Symptom } from '../symptom';
import { deadUnits } from './dead-units';
import { explodingGradient } from './exploding-gradient';
import { lossNotDecreasing } from './loss-not-decreasing';
import { noUpdate } from './no-update';
import { nonFinite } from './non-finite';
import { saturatedUnits } from './saturated-units';
import { softmaxBeforeLoss } from './softmax-before-loss';
import { vanishingGradient } from './vanishing-gradient';

export const symptoms: readonly Symptom[] = [
  softmaxBeforeLoss,
  nonFinite,
  deadUnits,
  saturatedUnits,
  vanishingGradient,
  explodingGradient,
  noUpdate,
  lossNotDecreasing,
];
