/** How a file names something of a library; an import is added, once, where it has no name for it yet. */
import type { ParsedSource } from '../parse';
import { allStatements, type Statement } from '../syntax';
import type { TextEdit } from '../text';

export interface Reference {
  /** The expression to write. */
  text: string;
  /** The import that it needs, if any. */
  edits: TextEdit[];
}

const knownNames = new WeakMap<ParsedSource, Map<string, string>>();

/** Local names and the full names that they stand for, from all imports of a Python file. */
const importedNames = (file: ParsedSource): Map<string, string> => {
  const known = knownNames.get(file);
  if (known) return known;
  const names = new Map<string, string>();
  // A file never changes: one that is edited is parsed into another.
  knownNames.set(file, names);
  for (const statement of allStatements(file.root)) {
    if (statement.kind !== 'import') continue;
    for (const { name, alias } of statement.names) {
      if (name === '*') continue;
      if (name === undefined)
        names.set(alias || statement.module.split('.')[0]!, alias ? statement.module : statement.module.split('.')[0]!);
      else names.set(alias, `${statement.module}.${name}`);
    }
  }
  return names;
};

/** Refers to `torch.nn.init.kaiming_normal_` and the like from a Python file. */
export const referTo = (file: ParsedSource, path: string): Reference => {
  let best: { text: string; length: number } | undefined;
  for (const [alias, full] of importedNames(file)) {
    if (path !== full && !path.startsWith(`${full}.`)) continue;
    const rest = path.slice(full.length);
    // `torch.nn` is there with `torch`; other submodules may not be loaded by importing their parent.
    if (best && best.length >= full.length) continue;
    best = { text: alias + rest, length: full.length };
  }
  if (best) return { text: best.text, edits: [] };
  const [, ...rest] = path.split('.');
  if (rest[0] === 'nn' && path.startsWith('torch.'))
    return { text: rest.join('.'), edits: [addImport(file, 'from torch import nn')] };
  return { text: path, edits: [addImport(file, `import ${path.split('.')[0]!}`)] };
};

/** The offset after the last of the imports at the top of a file, or where they would stand. */
export const endOfImports = ({ source, root }: ParsedSource): number => {
  const isImport = (statement: Statement): boolean =>
    statement.kind === 'import' ||
    (statement.kind === 'block' && statement.body.statements.every((inner) => inner.kind === 'import'));
  const last = root.statements.findLast(isImport);
  if (last) return source.nextLine(Math.max(last.from, last.to - 1));
  const first = root.statements[0];
  const isDocstring = first?.kind === 'expression' && first.value.kind === 'string';
  return isDocstring ? source.nextLine(first.to) : first ? source.lineStart(first.from) : 0;
};

/** Adds a line after the last of the imports at the top of the file. */
export const addImport = (file: ParsedSource, line: string): TextEdit => {
  const { text, newline } = file.source;
  const at = endOfImports(file);
  return { from: at, to: at, insert: (at > 0 && text[at - 1] !== '\n' ? newline : '') + line + newline };
};

/** The quote that a file mostly uses. */
export const quoteOf = ({ source }: ParsedSource): string => {
  const single = source.text.split("'").length;
  const double = source.text.replaceAll('"""', '').split('"').length;
  return double > single ? '"' : "'";
};
