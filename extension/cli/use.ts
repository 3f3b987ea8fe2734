/** `ID[:k=v,…]`: a remedy or a schedule with its parameters, checked against the catalogue. */
import { InvalidArgumentError } from 'commander';
import { issuesIn } from '../notebook/cell-issues';
import type { ParameterValue, Use } from '../protocol/experiment';
import { english } from '../protocol/text';
import { findRemedy, remedies } from '../remedies';
import type { Remedy } from '../remedies/remedy';

export const remedyUse = (text: string, earlier: readonly Use[] = []): Use[] => [
  ...earlier,
  parseUse(text, () => true),
];

export const scheduleUse = (text: string): Use => parseUse(text, ({ isSchedule }) => isSchedule === true);

function parseUse(text: string, allowed: (remedy: Remedy) => boolean): Use {
  const [id = '', ...rest] = text.split(':');
  const remedy = findRemedy(id);
  if (!remedy || !allowed(remedy)) {
    const known = remedies.filter(allowed).map((one) => one.id);
    throw new InvalidArgumentError(`There is no "${id}". Known: ${known.join(', ')}.`);
  }
  const checked = remedy.parameters.safeParse(parameters(rest.join(':')));
  if (!checked.success) {
    const { path, message } = issuesIn(checked.error.issues, english)[0]!;
    throw new InvalidArgumentError(`${[id, ...path.map(String)].join('.')}: ${message}`);
  }
  return { id, parameters: checked.data };
}

function parameters(text: string): Record<string, ParameterValue> {
  if (text === '') return {};
  return Object.fromEntries(
    text.split(',').map((entry) => {
      const [, name, value] = /^\s*([\w-]+)\s*=\s*(\S.*?)\s*$/.exec(entry) ?? [];
      if (name === undefined || value === undefined)
        throw new InvalidArgumentError(`"${entry}" is not of the form name=value.`);
      return [name, parameterValue(value)];
    }),
  );
}

function parameterValue(text: string): ParameterValue {
  if (text === 'true' || text === 'false') return text === 'true';
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}
