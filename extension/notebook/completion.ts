/** What can stand at a place of a cell: fields, remedies and their parameters, and the values of enumerations. */
import { isAlias, isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import { z } from 'zod';
import { remedies } from '../remedies';
import { cellSchemas, experimentCell } from './cell-schema';

export interface Suggestion {
  label: string;
  detail: string;
  kind: 'field' | 'value' | 'remedy' | 'file';
  /** What is typed: a field brings its colon. */
  insert: string;
}

/** A name that no cell contains, put in at the cursor so that the parser says where the cursor is. */
const cursor = 'cursor_7f3a';

interface Place {
  path: (string | number)[];
  at: 'key' | 'value';
}

export function suggestionsAt(text: string, offset: number): Suggestion[] {
  const place = placeAt(text, offset);
  if (!place) return [];
  const { path, at } = place;
  if (path.at(-1) === 'model' || path.at(-1) === 'npz' || path.at(-1) === 'script') return [];
  if (path[0] === 'sweep' && path[1] === 'over' && path.length === 2 && at === 'key') return sweptFields();
  const inUse = path[0] === 'remedies' || path[0] === 'schedule';
  if (inUse) return useSuggestions(path, at);
  const schema = schemasAt(path);
  return at === 'key' ? fieldsOf(schema) : valuesOf(schema);
}

/** The description of the field at a place, in Markdown. */
export function descriptionAt(text: string, offset: number): string | undefined {
  const end = offset + (/^[\w-]*/.exec(text.slice(offset))?.[0].length ?? 0);
  const start = offset - (/[\w-]*$/.exec(text.slice(0, offset))?.[0].length ?? 0);
  const word = text.slice(start, end);
  const remedy = remedies.find(({ id }) => id === word);
  if (remedy) return `**${remedy.id}**: against ${remedy.against.join(', ')}.`;
  const suggestion = suggestionsAt(text.slice(0, start) + text.slice(end), start).find(({ label }) => label === word);
  return suggestion?.detail ? `**${word}**: ${suggestion.detail}` : undefined;
}

/** Which file a path completes to at this place, if it is a path: the extensions that fit. */
export function fileKindAt(text: string, offset: number): readonly string[] | undefined {
  const field = placeAt(text, offset)?.path.at(-1);
  if (field === 'model') return ['.onnx'];
  if (field === 'npz') return ['.npz', '.npy', '.safetensors'];
  return field === 'script' ? ['.py'] : undefined;
}

/** Whether the name of a run belongs at this place. */
export function expectsRun(text: string, offset: number): boolean {
  const path = placeAt(text, offset)?.path ?? [];
  return path[0] === 'compare' || ((path[0] === 'prescribe' || path[0] === 'sweep') && path[1] === 'run');
}

/** Names of the fields that can stand in the mapping at a path. */
export function fieldNamesAt(path: readonly (string | number)[]): string[] {
  if (path[0] === 'sweep' && path[1] === 'over') return sweptFields().map(({ label }) => label);
  const inUse = path[0] === 'remedies' || path[0] === 'schedule';
  const fields = inUse ? useSuggestions([...path], 'key') : fieldsOf(schemasAt([...path]));
  return fields.map(({ label }) => label);
}

function placeAt(text: string, offset: number): Place | undefined {
  const before = text.slice(0, offset).replace(/[\w./-]*$/, '');
  const after = text.slice(offset).replace(/^[\w./-]*/, '');
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const isValue =
    /:\s+\[?[^{}[\]:]*$/.test(line) && !/[{]\s*$/.test(line) && !/[{][^}:]*$/.test(line.replace(/.*:/, ''));
  const probe = isValue
    ? `${before}${cursor}${after}`
    : `${before}${cursor}: ${/^\s*:/.test(after) ? after.replace(/^\s*:/, '') : after}`;
  const document = parseDocument(probe);
  let found: Place | undefined;
  visit(document, (key, node, ancestors) => {
    const isKey = key === 'key' && isScalar(node) && node.value === cursor;
    const isCursor = isScalar(node) && typeof node.value === 'string' && node.value.includes(cursor);
    if (!isCursor && !isKey) return undefined;
    const path: (string | number)[] = [];
    ancestors.forEach((ancestor, i) => {
      const child = ancestors[i + 1] ?? node;
      if (isPair(ancestor) && child === ancestor.value) path.push(String(ancestor.key));
      else if (!isMap(ancestor) && 'items' in ancestor && Array.isArray(ancestor.items) && !isAlias(ancestor))
        path.push(ancestor.items.indexOf(child));
    });
    found = { path, at: isKey ? 'key' : 'value' };
    return visit.BREAK;
  });
  return found;
}

function useSuggestions(path: Place['path'], at: Place['at']): Suggestion[] {
  const rest = path[0] === 'remedies' ? path.slice(2) : path.slice(1);
  const allowed = path[0] === 'schedule' ? remedies.filter(({ isSchedule }) => isSchedule) : remedies;
  if (rest.length === 0)
    return allowed.map(({ id, against }) => ({
      label: id,
      detail: `against ${against.join(', ')}`,
      kind: 'remedy',
      insert: at === 'key' ? `${id}: {}` : `{ ${id}: {} }`,
    }));
  const remedy = allowed.find(({ id }) => id === rest[0]);
  if (!remedy) return [];
  const schema = at === 'key' ? [jsonSchema(remedy.parameters)] : walk(jsonSchema(remedy.parameters), rest.slice(1));
  return at === 'key' ? fieldsOf(schema) : valuesOf(schema);
}

interface JsonSchema {
  description?: string;
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  type?: string;
  default?: unknown;
}

const jsonSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

const schemas = (): JsonSchema[] => Object.values(cellSchemas).map((schema) => jsonSchema(schema));

const schemasAt = (path: Place['path']): JsonSchema[] => schemas().flatMap((schema) => walk(schema, path));

function walk(schema: JsonSchema, [head, ...rest]: Place['path']): JsonSchema[] {
  const alternatives = [schema, ...(schema.anyOf ?? [])];
  if (head === undefined) return alternatives;
  return alternatives.flatMap((alternative) => {
    const next = typeof head === 'number' ? alternative.items : alternative.properties?.[head];
    return next ? walk(next, rest) : [];
  });
}

const fieldsOf = (found: readonly JsonSchema[]): Suggestion[] =>
  found
    .flatMap((schema) => Object.entries(schema.properties ?? {}))
    .map(([label, { description = '', default: value }]) => ({
      label,
      detail: description || (value === undefined ? '' : `${JSON.stringify(value)} where left out`),
      kind: 'field',
      insert: `${label}: `,
    }));

/** Every field that holds one number, word or switch, by its path. */
function sweptFields(): Suggestion[] {
  const leaves = (schema: JsonSchema, path: string): { path: string; detail: string }[] =>
    Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const full = path === '' ? name : `${path}.${name}`;
      const forms = [field, ...(field.anyOf ?? [])];
      const inner = forms.flatMap((form) => leaves(form, full));
      const isLeaf = forms.some(
        ({ type, enum: values }) => values !== undefined || /number|integer|boolean/.test(type ?? ''),
      );
      return isLeaf && inner.length === 0 ? [{ path: full, detail: field.description ?? '' }] : inner;
    });
  const fields = new Map(leaves(jsonSchema(experimentCell), '').map((leaf) => [leaf.path, leaf]));
  return [...fields.values()].map(({ path, detail }) => ({ label: path, detail, kind: 'field', insert: `${path}: ` }));
}

const valuesOf = (found: readonly JsonSchema[]): Suggestion[] =>
  found
    .flatMap((schema) => schema.enum ?? (schema.type === 'boolean' ? [true, false] : []))
    .map((value) => ({ label: String(value), detail: '', kind: 'value', insert: String(value) }));
