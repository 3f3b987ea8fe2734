/** Values that are known, written as Python. */
import type { Call, Value } from './values';

/** The text between the parentheses of a call; `undefined` where some argument is not known or no literal. */
export function argumentsAsText({ positional, keywords, open }: Call): string | undefined {
  if (open) return undefined;
  const written = [
    ...positional.map(({ value }) => literal(value)),
    ...[...keywords].map(([name, { value }]) => {
      const text = literal(value);
      return text === undefined ? undefined : `${name}=${text}`;
    }),
  ];
  return written.includes(undefined) ? undefined : written.join(', ');
}

function literal(value: Value): string | undefined {
  if (value.kind === 'constant') {
    if (value.value === null) return 'None';
    if (typeof value.value === 'boolean') return value.value ? 'True' : 'False';
    if (typeof value.value === 'string') return JSON.stringify(value.value);
    return Number.isFinite(value.value) ? String(value.value) : undefined;
  }
  if (value.kind !== 'list' || !value.exact) return undefined;
  const items = value.slots.get('items')!.map(literal);
  if (items.includes(undefined)) return undefined;
  if (value.form === 'list') return `[${items.join(', ')}]`;
  return value.form === 'tuple' ? `(${items.join(', ')}${items.length === 1 ? ',' : ''})` : undefined;
}
