/** Reads a cell: YAML to one of the four kinds of cells, with the place in the text of everything that is wrong. */
import { isMap, isNode, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { cellSchemas, type CellKind } from './cell-schema';

export type Cell = { [Kind in CellKind]: { kind: Kind; value: z.infer<(typeof cellSchemas)[Kind]> } }[CellKind];

export interface Problem {
  message: string;
  /** 0-based, UTF-16 units. */
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
}

export type ReadCell = { cell: Cell; problems: [] } | { cell?: undefined; problems: Problem[] };

export function readCell(text: string): ReadCell {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problem = (message: string, [start, end]: readonly [number, number]): Problem => ({
    message,
    range: { start: position(lines, start), end: position(lines, Math.max(end, start + 1)) },
  });
  if (document.errors.length > 0)
    return { problems: document.errors.map((error) => problem(error.message, error.pos)) };
  if (!isMap(document.contents))
    return { problems: [problem('An experiment cell is a mapping, such as `model: model.onnx`.', [0, text.length])] };
  const kind = kindOf(document);
  const checked = cellSchemas[kind].safeParse(document.toJS());
  if (checked.success) return { cell: { kind, value: checked.data } as Cell, problems: [] };
  return {
    problems: flatten(checked.error.issues).map(({ path, message, atKey }) =>
      problem(message, rangeOf(document, path, atKey ?? false, text)),
    ),
  };
}

function kindOf(document: Document): CellKind {
  for (const kind of ['compare', 'prescribe', 'sweep'] as const) if (document.has(kind)) return kind;
  return 'experiment';
}

interface Issue {
  path: readonly PropertyKey[];
  message: string;
  /** The field's name is wrong, not its value. */
  atKey?: boolean;
}

/** One issue per place; of a union, those of the member that comes closest. */
function flatten(issues: readonly z.core.$ZodIssue[], prefix: readonly PropertyKey[] = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key], message: `Unknown field "${key}".`, atKey: true }));
    if (issue.code === 'invalid_union') {
      const members = issue.errors.map((errors) => flatten(errors, path));
      const deepest = members.sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
      if (deepest && depth(deepest) > path.length) return deepest;
    }
    return [{ path, message: issue.message }];
  });
}

const depth = (issues: readonly Issue[]): number => Math.max(0, ...issues.map(({ path }) => path.length));

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
