/** What the schema finds wrong with a cell, in words that say what to write. */
import type { z } from 'zod';
import type { Translate } from '../protocol/text';

export interface Issue {
  path: readonly PropertyKey[];
  message: string;
  /** The field's name is wrong, not its value. */
  atKey: boolean;
  isMissing?: boolean;
  /** What might have been meant in place of what is written there; the caller knows the fields of a name. */
  candidates?: readonly string[];
}

type SchemaIssue = z.core.$ZodIssue;

/** What the schema's own checks tell of an issue, in `params`. */
export interface CustomIssue {
  /** English, marked by `text`. */
  text?: string;
  values?: readonly string[];
  atKey?: boolean;
  candidates?: readonly string[];
  /** Of the schema of a remedy's parameters. */
  inner?: readonly SchemaIssue[];
}

/** One issue per place; of a union, those of the member that comes closest. */
export function issuesIn(issues: readonly SchemaIssue[], t: Translate, prefix: readonly PropertyKey[] = []): Issue[] {
  const found = issues.flatMap((issue): Issue[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key], message: t('Unknown field "{0}".', key), atKey: true }));
    if (issue.code === 'invalid_union') return issuesOfUnion(issue, t, path);
    if (issue.code === 'custom') return issuesOfCheck(issue.params ?? {}, t, path);
    if (isMissing(issue))
      return [{ path, message: t('The field "{0}" is missing.', String(path.at(-1))), atKey: false, isMissing: true }];
    return [{ path, message: wording(issue, t), atKey: false, candidates: candidatesOf(issue) }];
  });
  // Who writes a wrong name lacks the right one.
  const places = new Set<string>();
  return found.filter(({ path, isMissing: missing }) => {
    const place = JSON.stringify(path.map(String));
    return !(missing && misnamed(found) > 0) && !places.has(place) && places.add(place);
  });
}

const issuesOfCheck = (
  { text = '', values = [], atKey = false, candidates, inner }: CustomIssue,
  t: Translate,
  path: readonly PropertyKey[],
): Issue[] => (inner ? issuesIn(inner, t, path) : [{ path, message: t(text, ...values), atKey, candidates }]);

function issuesOfUnion(
  issue: SchemaIssue & { code: 'invalid_union' },
  t: Translate,
  path: readonly PropertyKey[],
): Issue[] {
  const members = issue.errors.map((errors) => issuesIn(errors, t, path));
  const deepest = [...members].sort(
    (a, b) => depth(b) - depth(a) || misnamed(a) - misnamed(b) || a.length - b.length,
  )[0];
  if (deepest && depth(deepest) > path.length) return deepest;
  // Each union of the schema says what to write.
  const candidates = members.flatMap((member) => member.flatMap((one) => one.candidates ?? []));
  return [{ path, message: t(issue.message), atKey: false, candidates }];
}

const misnamed = (issues: readonly Issue[]): number => issues.filter(({ atKey }) => atKey).length;

const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));

const isMissing = (issue: SchemaIssue): boolean =>
  issue.code === 'invalid_type' && issue.message.endsWith('received undefined');

const candidatesOf = (issue: SchemaIssue): string[] | undefined =>
  issue.code === 'invalid_value' ? issue.values.map(String) : undefined;

function wording(issue: SchemaIssue, t: Translate): string {
  switch (issue.code) {
    case 'invalid_type':
      return wanted(issue.expected, t);
    case 'invalid_value':
      return t('Write one of {0}.', issue.values.map(String).join(', '));
    case 'invalid_key':
      return t('There is nothing of this name.');
    case 'too_small':
      if (issue.origin === 'string') return t('Write a text.');
      if (issue.origin === 'array') return t('Write {0} or more entries.', Number(issue.minimum));
      return issue.inclusive
        ? t('Write a number from {0} on.', Number(issue.minimum))
        : t('Write a number above {0}.', Number(issue.minimum));
    case 'too_big':
      if (issue.origin === 'array') return t('Write no more than {0} entries.', Number(issue.maximum));
      return issue.inclusive
        ? t('Write a number up to {0}.', Number(issue.maximum))
        : t('Write a number below {0}.', Number(issue.maximum));
    default:
      return issue.message;
  }
}

function wanted(type: string, t: Translate): string {
  switch (type) {
    case 'number':
      return t('Write a number.');
    case 'int':
      return t('Write a whole number.');
    case 'string':
      return t('Write a text.');
    case 'boolean':
      return t('Write true or false.');
    case 'array':
      return t('Write a list, such as [ a, b ].');
    case 'tuple':
      return t('Write a list of numbers, such as [ 0.9, 0.999 ].');
    default:
      return t('Write fields, such as { name: value }.');
  }
}

/** The candidate that a word was probably meant to be: few letters apart, `_` taken for `-`. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll('_', '-');
  const distances = candidates.map((candidate) => ({
    candidate,
    distance: editDistance(plain(word), plain(candidate)),
  }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best && best.candidate !== word && best.distance <= Math.max(1, word.length / 4) ? best.candidate : undefined;
}

/** Letters put in, left out or exchanged, and neighbours swapped (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const change = rows[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? rows[i - 2]![j - 2]! + 1 : Infinity;
      rows[i]!.push(Math.min(change, swap, rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1));
    }
  }
  return rows[a.length]![b.length]!;
}
