/** Reads a cell: YAML to one of the four kinds of cells, with the place in the text of everything that is wrong. */
import { isMap, isNode, LineCounter, parseDocument, type Document, type YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { english, type Translate } from '../protocol/text';
import { issuesIn, nearest } from './cell-issues';
import { cellSchemas, type CellKind, type SweepCell } from './cell-schema';
import { fieldNamesAt } from './completion';
import { issuesOfSweep } from './sweep';

export type Cell = { [Kind in CellKind]: { kind: Kind; value: z.infer<(typeof cellSchemas)[Kind]> } }[CellKind];

export interface Problem {
  message: string;
  /** 0-based, UTF-16 units. */
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  /** What was probably meant in place of what stands there. */
  meant?: string;
}

export type ReadCell = { cell: Cell; problems: [] } | { cell?: undefined; problems: Problem[] };

/** @param t puts what is wrong into the reader's language */
export function readCell(text: string, t: Translate = english): ReadCell {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = (message: string, [start, end]: readonly [number, number]): Problem => ({
    message,
    range: { start: position(lines, start), end: position(lines, Math.max(end, start + 1)) },
  });
  if (document.errors.length > 0)
    return { problems: document.errors.map((error) => problem(yamlMessage(error, t), error.pos)) };
  if (!isMap(document.contents))
    return {
      problems: [problem(t('An experiment cell is a mapping, such as `model: model.onnx`.'), [0, text.length])],
    };
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // An alias without its anchor, or too many of them.
    return { problems: [problem((error as Error).message, [0, text.length])] };
  }
  const kind = kindOf(document);
  const checked = cellSchemas[kind].safeParse(value);
  const issues = checked.success
    ? kind === 'sweep'
      ? issuesOfSweep(checked.data as SweepCell, t)
      : []
    : issuesIn(checked.error.issues, t);
  if (checked.success && issues.length === 0) return { cell: { kind, value: checked.data } as Cell, problems: [] };
  return {
    problems: issues.map((issue) => {
      const range = rangeOf(document, issue.path, issue.atKey, text);
      const known = issue.candidates ?? (issue.atKey ? fieldNamesAt(issue.path.slice(0, -1).map(step)) : []);
      const meant = nearest(unquoted(text.slice(...range)), known);
      const hint =
        meant !== undefined
          ? t('Did you mean "{0}"?', meant)
          : issue.atKey && known.length > 0 && known.length <= fewFields
            ? t('There are: {0}.', [...new Set(known)].join(', '))
            : undefined;
      const message = [issue.message, hint].filter(Boolean).join(' ');
      return { ...problem(message, range), ...(meant === undefined ? {} : { meant }) };
    }),
  };
}

/** So many can be listed. */
const fewFields = 8;

const step = (key: PropertyKey): string | number => (typeof key === 'number' ? key : String(key));

const unquoted = (text: string): string => text.trim().replace(/^(['"])(.*)\1$/, '$2');

function yamlMessage({ code, message }: Pick<YAMLParseError, 'code' | 'message'>, t: Translate): string {
  if (code === 'TAB_AS_INDENT') return t('Indent with spaces, not with tabs.');
  if (code === 'DUPLICATE_KEY') return t('This field is there twice.');
  return message;
}

function kindOf(document: Document): CellKind {
  for (const kind of ['compare', 'prescribe', 'sweep'] as const) if (document.has(kind)) return kind;
  return 'experiment';
}

/** Where a path stands in the text; what is missing is reported at the mapping that lacks it. */
function rangeOf(document: Document, path: readonly PropertyKey[], atKey: boolean, text: string): [number, number] {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === String(path.at(-1)));
    const node = atKey ? pair?.key : (pair?.value ?? pair?.key);
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  }
  return [0, text.length];
}

function position(lines: LineCounter, offset: number): { line: number; character: number } {
  const { line, col } = lines.linePos(offset);
  return { line: line - 1, character: col - 1 };
}
