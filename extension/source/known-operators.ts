/** Operators on values that are known. */
import { sameValue } from './heap';
import { constant, isNone, itemsOf, type Constant, type Value } from './values';

export const comparisons = new Set(['<', '>', '<=', '>=', '==', '!=', 'is', 'is not', 'in', 'not in']);

/** A text that doubles in a loop would fill the memory. */
const longestText = 10_000;

/** A string with values in it; nothing where one is not known, or is written otherwise in another language (`1.0`). */
export const written = (texts: readonly string[], values: readonly Value[]): Constant | undefined => {
  const known = values.every(
    (value): value is Constant =>
      value.kind === 'constant' && (typeof value.value === 'string' || Number.isInteger(value.value)),
  );
  if (!known) return undefined;
  const text = texts.map((part, index) => part + String(values[index]?.value ?? '')).join('');
  return text.length > longestText
    ? undefined
    : constant(
        text,
        values.some(({ soft }) => soft),
      );
};

/** What an operator makes of two constants; undefined where it makes nothing of them that is known. */
export const arithmetic = (
  operator: string,
  a: Constant['value'],
  b: Constant['value'],
): Constant['value'] | undefined => {
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case 'is':
      return a === b;
    case 'is not':
      return a !== b;
    case 'in':
      return typeof a === 'string' && typeof b === 'string' ? b.includes(a) : undefined;
    case 'not in':
      return typeof a === 'string' && typeof b === 'string' ? !b.includes(a) : undefined;
  }
  if (operator === '+' && typeof a === 'string' && typeof b === 'string')
    return a.length + b.length > longestText ? undefined : a + b;
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '//':
      return Math.floor(a / b);
    case '%':
      return ((a % b) + b) % b;
    case '**':
      return a ** b;
    case '<':
      return a < b;
    case '>':
      return a > b;
    case '<=':
      return a <= b;
    case '>=':
      return a >= b;
    default:
      return undefined;
  }
};

/** Whether two values are the same; undefined where that is not known. */
export const sameness = (a: Value, b: Value): boolean | undefined => {
  if (sameValue(a, b)) return true;
  const known = new Set<Value['kind']>([
    'layer',
    'instance',
    'container',
    'tensor',
    'function',
    'class',
    'object',
    'list',
    'external',
  ]);
  if (isNone(a) && known.has(b.kind)) return false;
  if (isNone(b) && known.has(a.kind)) return false;
  if (a.kind === 'constant' && b.kind === 'constant') return a.value === b.value;
  if (a.kind === 'external' && b.kind === 'external') return false;
  if (a.kind === 'class' && b.kind === 'class') return false;
  return undefined;
};

/** Whether a collection has an item; undefined where that is not known. */
export const contains = (item: Value, whole: Value): boolean | undefined => {
  if (whole.kind === 'dict' && item.kind === 'constant')
    return whole.slots.has(String(item.value)) ? true : whole.exact ? false : undefined;
  if (whole.kind === 'list' && whole.exact) {
    const answers = itemsOf(whole).map((each) => (sameValue(each, item) ? true : sameness(each, item)));
    if (answers.includes(true)) return true;
    return answers.includes(undefined) ? undefined : false;
  }
  return undefined;
};
