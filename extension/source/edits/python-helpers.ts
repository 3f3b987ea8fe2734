/** Functions and classes that an edit of a Python file adds to it. */
import type { ParsedSource } from '../parse';
import { allStatements } from '../syntax';
import type { TextEdit } from '../text';
import { endOfImports } from './references';

/** How a file indents: the first indentation in it, or four spaces. */
export const indentUnit = ({ source }: ParsedSource): string =>
  /^(?:\t| {2,8})(?=\S)/m.exec(source.text)?.[0] ?? '    ';

/** Lines written with four spaces, indented as the file is. */
export const inIndentOf = (file: ParsedSource, lines: readonly string[]): string[] => {
  const unit = indentUnit(file);
  return lines.map((line) => line.replace(/^(?: {4})+/, (spaces) => unit.repeat(spaces.length / 4)));
};

/** Adds a function or class after the imports, unless the file already has one of that name. */
export const addPythonHelper = (file: ParsedSource, name: string, lines: readonly string[]): TextEdit[] => {
  const { source, root } = file;
  for (const statement of allStatements(root))
    if (
      (statement.kind === 'function' && statement.function.name === name) ||
      (statement.kind === 'class' && statement.class.name === name) ||
      (statement.kind === 'import' && statement.names.some(({ alias }) => alias === name))
    )
      return [];
  const { newline } = source;
  const written = inIndentOf(file, lines);
  const at = endOfImports(file);
  const before = at > 0 ? (source.text[at - 1] === '\n' ? '' : newline) + newline + newline : '';
  const rest = source.text.slice(at);
  const blank = /^(?:[ \t]*\r?\n)*/.exec(rest)![0].split('\n').length - 1;
  const after = rest.trim() === '' ? '' : newline.repeat(Math.max(0, 2 - blank));
  return [{ from: at, to: at, insert: before + written.join(newline) + newline + after }];
};
