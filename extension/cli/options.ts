/** Parsers of option values, and what the commands have in common. */
import { InvalidArgumentError, type Command } from 'commander';

export interface OutputOptions {
  json?: true;
}

export const jsonOption = (command: Command): Command => command.option('--json', 'print one JSON document');

/** @param least smallest value allowed @param beyond whether the value must lie above `least` */
export const numberAtLeast =
  (least: number, { beyond = false } = {}) =>
  (text: string): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!Number.isFinite(value) || value < least || (beyond && value === least))
      throw new InvalidArgumentError(`It must be a number ${beyond ? 'above' : 'of at least'} ${least}.`);
    return value;
  };

export const wholeNumber =
  (least: number, most = Infinity) =>
  (text: string): number => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      const range = most < Infinity ? ` from ${least} to ${most}` : least > -Infinity ? ` of at least ${least}` : '';
      throw new InvalidArgumentError(`It must be a whole number${range}.`);
    }
    return value;
  };

/** More would only take turns; very many keep the machine from coming to an end at all. As in the setting. */
export const threadCount = wholeNumber(1, 1024);

/** `a,b` */
export const list = (text: string): string[] => {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.some((entry) => entry === '')) throw new InvalidArgumentError('It must be names with commas between.');
  return entries;
};

/** `0.9,0.999` */
export const betas = (text: string): [number, number] => {
  const values = text.split(',').map(Number);
  if (values.length !== 2 || !values.every((value) => value >= 0 && value < 1))
    throw new InvalidArgumentError('It must be two numbers from 0 to 1 with a comma between, as in 0.9,0.999.');
  return values as [number, number];
};
