/** Functions that an edit of a TypeScript or JavaScript file adds to it. */
import type { ParsedSource } from '../parse';
import { allStatements } from '../syntax';
import type { TextEdit } from '../text';

export const isTypeScript = ({ source }: ParsedSource): boolean => /\.[mc]?tsx?$/i.test(source.path);

/** Adds a function after the imports, unless the file already has one of that name. */
export const addHelper = (file: ParsedSource, name: string, lines: readonly string[]): TextEdit[] => {
  const { source, root } = file;
  for (const statement of allStatements(root))
    if (
      (statement.kind === 'function' && statement.function.name === name) ||
      (statement.kind === 'class' && statement.class.name === name)
    )
      return [];
  const last = root.statements.findLast(
    (statement) =>
      statement.kind === 'import' ||
      (statement.kind === 'assign' && /^(const|let|var)\s.*\brequire\(/.test(source.slice(statement))),
  );
  const at = last ? source.nextLine(last.to) : 0;
  const { newline } = source;
  const separator = last && at === source.lineEnd(last.to) ? newline : '';
  return [
    {
      from: at,
      to: at,
      insert: `${separator}${last ? newline : ''}${lines.join(newline)}${newline}${last ? '' : newline}`,
    },
  ];
};
