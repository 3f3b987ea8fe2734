/** The files that a cell names. */
import { isMap, isScalar, parseDocument } from 'yaml';

export interface NamedFile {
  path: string;
  /** Offsets of the name in the text. */
  start: number;
  end: number;
}

const places = [['model'], ['data', 'npz'], ['capture', 'script']] as const;

/** In the order in which they are written; of a text that is no YAML, none. */
export function filesIn(text: string): NamedFile[] {
  const document = parseDocument(text);
  if (!isMap(document.contents)) return [];
  return places
    .flatMap((place): NamedFile[] => {
      const node: unknown = document.getIn(place, true);
      if (!isScalar(node) || typeof node.value !== 'string' || !node.range || node.value === '') return [];
      return [{ path: node.value, start: node.range[0], end: node.range[1] }];
    })
    .sort((a, b) => a.start - b.start);
}

/** The cell in its usual form: fields as they are, one space inside braces. Undefined for what is no YAML. */
export function formatted(text: string): string | undefined {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  return document.toString({ lineWidth: 100, flowCollectionPadding: true, indentSeq: true }).trimEnd();
}
