/** `# gradient-doctor: disable=GD101,GD301`: at the end of a line for that line, on a line of its own for the whole file. */
import type { ParsedSource } from './parse';
import type { SourceText, TextEdit } from './text';

export interface Disabled {
  /** Whether a rule is switched off on a line. */
  on(code: string, line: number): boolean;
}

const pattern = /(?:#|\/\/|\/\*)\s*gradient-doctor:\s*disable(-next-line)?(?:\s*=\s*([\w\s,]*\w))?/;

export const disabledIn = (source: SourceText): Disabled => {
  if (!source.text.includes('gradient-doctor:')) return { on: () => false };
  const file = new Set<string>();
  const lines = new Map<number, Set<string>>();
  const add = (line: number, codes: ReadonlySet<string>): void => {
    lines.set(line, new Set([...(lines.get(line) ?? []), ...codes]));
  };
  for (let line = 0; line < source.lineCount; line++) {
    const text = source.line(line);
    const match = pattern.exec(text);
    if (!match) continue;
    const codes = new Set((match[2] ?? 'all').split(/[\s,]+/).filter(Boolean));
    if (match[1]) add(line + 1, codes);
    else if (isOwnLine(text, match)) for (const code of codes) file.add(code);
    else add(line, codes);
  }
  const has = (codes: ReadonlySet<string> | undefined, code: string): boolean =>
    codes !== undefined && (codes.has(code) || codes.has('all'));
  return { on: (code, line) => has(file, code) || has(lines.get(line), code) };
};

const isOwnLine = (text: string, match: RegExpExecArray): boolean => text.slice(0, match.index).trim() === '';

const commentStart = ({ language }: SourceText): string => (language === 'python' ? '#' : '//');

/** Switches a rule off on the line of an offset. `undefined` where no comment can stand there. */
export const disableOnLine = ({ source, tree }: ParsedSource, code: string, offset: number): TextEdit | undefined => {
  const number = source.lineOf(offset);
  const text = source.line(number);
  const start = source.lineStart(offset);
  const end = source.lineEnd(offset);
  const mark = `${commentStart(source)} gradient-doctor: disable`;
  const match = pattern.exec(text);
  if (match?.[2] && !match[1] && !isOwnLine(text, match)) {
    const at = start + match.index + match[0].length;
    return { from: at, to: at, insert: `,${code}` };
  }
  const isInside = (at: number): boolean => /String|BlockComment|JSX/.test(tree.resolveInner(at, 1).name);
  if (!text.endsWith('\\') && !isInside(end)) return { from: end, to: end, insert: `  ${mark}=${code}` };
  if (isInside(start) || source.line(number - 1).endsWith('\\')) return undefined;
  return { from: start, to: start, insert: `${source.indentation(offset)}${mark}-next-line=${code}${source.newline}` };
};

/** Switches a rule off in the whole file: in the comment that does so already, or in a new one at its top. */
export const disableInFile = ({ source }: ParsedSource, code: string): TextEdit => {
  const lines = source.text.includes('gradient-doctor:') ? source.lineCount : 0;
  for (let number = 0; number < lines; number++) {
    const text = source.line(number);
    const match = pattern.exec(text);
    if (!match?.[2] || match[1] || !isOwnLine(text, match)) continue;
    const at = source.offset({ line: number, character: 0 }) + match.index + match[0].length;
    return { from: at, to: at, insert: `,${code}` };
  }
  let number = 0;
  // The interpreter's name and the encoding are read from the first lines only.
  while (/^#!|^#.*coding[:=]/.test(source.line(number))) number++;
  const at = source.offset({ line: number, character: 0 });
  return { from: at, to: at, insert: `${commentStart(source)} gradient-doctor: disable=${code}${source.newline}` };
};
