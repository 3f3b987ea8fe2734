/** `SYMPTOM=VALUE`: a limit of the user's own in place of the published one, as the setting `gradientDoctor.thresholds`. */
import { InvalidArgumentError, type Command } from 'commander';
import type { Thresholds } from '../diagnosis/diagnose';
import { symptomIds, type SymptomId } from '../protocol/finding';

export interface ThresholdOptions {
  threshold?: Thresholds;
}

export const thresholdOption = (command: Command): Command =>
  command.option(
    '--threshold <symptom=value>',
    'judge a symptom by this limit, as in update-ratio=0.05; may be repeated',
    threshold,
  );

function threshold(text: string, earlier: Thresholds = {}): Thresholds {
  const [, symptom = '', value = ''] = /^\s*([\w-]+)\s*=\s*(\S+)\s*$/.exec(text) ?? [];
  if (value === '') throw new InvalidArgumentError('It must be a symptom and its limit, as in update-ratio=0.05.');
  if (!isSymptom(symptom))
    throw new InvalidArgumentError(`There is no symptom "${symptom}". Known: ${symptomIds.join(', ')}.`);
  if (!Number.isFinite(Number(value))) throw new InvalidArgumentError(`The limit of ${symptom} must be a number.`);
  return { ...earlier, [symptom]: Number(value) };
}

const isSymptom = (text: string): text is SymptomId => (symptomIds as readonly string[]).includes(text);
