/** `# gradient-doctor: disable=GD101,GD301`: at the end of a line for that line, on a line of its own for the whole file. */
import type { SourceText } from './text';

export interface Disabled {
  /** Whether a rule is switched off on a line. */
  on(code: string, line: number): boolean;
}

const pattern = /(?:#|\/\/|\/\*)\s*gradient-doctor:\s*disable(-next-line)?(?:\s*=\s*([\w\s,]+))?/;

export const disabledIn = (source: SourceText): Disabled => {
  if (!source.text.includes('gradient-doctor:')) return { on: () => false };
  const file = new Set<string>();
  const lines = new Map<number, Set<string>>();
  for (let line = 0; line < source.lineCount; line++) {
    const text = source.line(line);
    const match = pattern.exec(text);
    if (!match) continue;
    const codes = new Set((match[2] ?? 'all').split(/[\s,]+/).filter(Boolean));
    if (match[1]) lines.set(line + 1, codes);
    else if (text.slice(0, match.index).trim() === '') for (const code of codes) file.add(code);
    else lines.set(line, codes);
  }
  const has = (codes: ReadonlySet<string> | undefined, code: string): boolean =>
    codes !== undefined && (codes.has(code) || codes.has('all'));
  return { on: (code, line) => has(file, code) || has(lines.get(line), code) };
};
