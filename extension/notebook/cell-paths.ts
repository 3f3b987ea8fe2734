/** The files and the runs that a cell names. */
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';

/** What stands in a cell for something outside of it. */
export interface Named {
  name: string;
  /** Offsets of the name in the text. */
  start: number;
  end: number;
}

const files = [['model'], ['data', 'npz'], ['capture', 'script']] as const;
const runs = [
  ['prescribe', 'run'],
  ['sweep', 'run'],
] as const;

const named = (node: unknown): Named[] =>
  isScalar(node) && typeof node.value === 'string' && node.range && node.value !== ''
    ? [{ name: node.value, start: node.range[0], end: node.range[1] }]
    : [];

/** In the order in which they are written; of a text that is no YAML, none. */
export function filesIn(text: string): Named[] {
  const document = parseDocument(text);
  if (!isMap(document.contents)) return [];
  return files.flatMap((place) => named(document.getIn(place, true))).sort((a, b) => a.start - b.start);
}

/** The runs that a cell speaks of. */
export function runsIn(text: string): Named[] {
  const document = parseDocument(text);
  if (!isMap(document.contents)) return [];
  const compared: unknown = document.get('compare', true);
  return [
    ...(isSeq(compared) ? compared.items.flatMap(named) : []),
    ...runs.flatMap((place) => named(document.getIn(place, true))),
  ];
}

/** The name that an experiment cell gives its run. */
export function givenName(text: string): Named | undefined {
  const document = parseDocument(text);
  return isMap(document.contents) ? named(document.get('name', true))[0] : undefined;
}

/** How many names of two paths agree, from the end on. */
export function commonEnd(a: string, b: string): number {
  const [left, right] = [a, b].map((path) => path.split(/[\\/]/).reverse()) as [string[], string[]];
  const differs = left.findIndex((name, place) => name !== right[place]);
  return differs < 0 ? left.length : differs;
}

/** The cell in its usual form: fields as they are, one space inside braces. Undefined for what is no YAML. */
export function formatted(text: string): string | undefined {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  return document.toString({ lineWidth: 100, flowCollectionPadding: true, indentSeq: true }).trimEnd();
}
