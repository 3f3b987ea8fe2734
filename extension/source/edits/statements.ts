/** Inserting, moving and removing whole statements, with the indentation of where they go. */
import type { ParsedSource } from '../parse';
import { placesAround, type Block, type Place, type Statement } from '../syntax';
import type { SourceText, Span, TextEdit } from '../text';

/** Whether a statement has its lines to itself, so that they can be moved or removed. */
export const hasOwnLines = (source: SourceText, statement: Span): boolean =>
  source.text.slice(source.lineStart(statement.from), statement.from).trim() === '' &&
  /^\s*(#.*|\/\/.*)?$/.test(source.text.slice(statement.to, source.lineEnd(Math.max(statement.from, statement.to))));

/** The lines of a statement, with their line break. */
export const linesOf = (source: SourceText, statement: Span): Span => ({
  from: source.lineStart(statement.from),
  to: source.nextLine(Math.max(statement.from, statement.to - 1)),
});

/** The text of a statement's lines with another indentation. */
export const reindent = (source: SourceText, statement: Span, indentation: string): string => {
  const before = source.indentation(statement.from);
  return source
    .slice(linesOf(source, statement))
    .split(/(?<=\n)/)
    .map((line) => (line.startsWith(before) ? indentation + line.slice(before.length) : line))
    .join('');
};

/** Lines to stand before a statement, at its indentation. */
export const insertBefore = (source: SourceText, statement: Span, lines: readonly string[]): TextEdit => {
  const at = source.lineStart(statement.from);
  const indentation = source.indentation(statement.from);
  return { from: at, to: at, insert: lines.map((line) => (line ? indentation + line : '') + source.newline).join('') };
};

/** Lines to stand after a statement, at its indentation. */
export const insertAfter = (source: SourceText, statement: Span, lines: readonly string[]): TextEdit => {
  const end = Math.max(statement.from, statement.to - 1);
  const at = source.nextLine(end);
  const indentation = source.indentation(statement.from);
  const { newline } = source;
  const missing = at > 0 && source.text[at - 1] !== '\n' ? newline : '';
  return {
    from: at,
    to: at,
    insert: missing + lines.map((line) => (line ? indentation + line : '') + newline).join(''),
  };
};

export const removeStatement = (source: SourceText, statement: Span): TextEdit => ({
  ...linesOf(source, statement),
  insert: '',
});

/** Moves a statement before or after another one; `undefined` where its lines are not its own, or it is all of its block. */
export const moveStatement = (
  file: ParsedSource,
  what: Place,
  where: 'before' | 'after',
  target: Statement,
): TextEdit[] | undefined => {
  const { source } = file;
  if (!hasOwnLines(source, what.statement) || !hasOwnLines(source, target)) return undefined;
  if (what.block.statements.length === 1) return undefined;
  let text = reindent(source, what.statement, source.indentation(target.from));
  if (!text.endsWith('\n')) text += source.newline;
  const lines = linesOf(source, target);
  const at = where === 'before' ? lines.from : lines.to;
  const missing = at > 0 && source.text[at - 1] !== '\n' ? source.newline : '';
  return [{ from: at, to: at, insert: missing + text }, removeStatement(source, what.statement)];
};

/** The statement around an offset that stands directly in a block. */
export const statementIn = (root: Block, block: Block, offset: number): Place | undefined =>
  placesAround(root, offset).find((place) => place.block === block);

/** The innermost block that holds both offsets, with the statement of each. */
export const commonBlock = (root: Block, one: number, other: number): { one: Place; other: Place } | undefined => {
  const first = placesAround(root, one);
  const second = placesAround(root, other);
  let found: { one: Place; other: Place } | undefined;
  for (let depth = 0; depth < Math.min(first.length, second.length); depth++) {
    const a = first[depth]!;
    const b = second[depth]!;
    if (a.block !== b.block) break;
    found = { one: a, other: b };
  }
  return found;
};
