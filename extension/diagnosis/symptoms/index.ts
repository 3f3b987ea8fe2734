/** Every symptom, causes before what they bring about: a symptom is not reported again for layers already explained. */
import type { Symptom } from '../symptom';
import { deadUnits } from './dead-units';
import { explodingGradient } from './exploding-gradient';
import { explodingThroughTime } from './exploding-through-time';
import { ineffectiveClipping } from './ineffective-clipping';
import { lossNotDecreasing } from './loss-not-decreasing';
import { noUpdate } from './no-update';
import { nonFinite } from './non-finite';
import { oscillatingLoss } from './oscillating-loss';
import { poorInitialization } from './poor-initialization';
import { saturatedUnits } from './saturated-units';
import { softmaxBeforeLoss } from './softmax-before-loss';
import { updateRatio } from './update-ratio';
import { vanishingGradient } from './vanishing-gradient';
import { vanishingThroughTime } from './vanishing-through-time';

export const symptoms: readonly Symptom[] = [
  softmaxBeforeLoss,
  nonFinite,
  poorInitialization,
  deadUnits,
  saturatedUnits,
  vanishingThroughTime,
  explodingThroughTime,
  vanishingGradient,
  explodingGradient,
  noUpdate,
  updateRatio,
  ineffectiveClipping,
  oscillatingLoss,
  lossNotDecreasing,
];
