/** Applying the fixes of lint rules to their examples. */
import { lintSource, type LintFinding } from '../../../../extension/source/lint';
import { parseSource, type ParsedSource } from '../../../../extension/source/parse';
import { applyEdits } from '../../../../extension/source/text';

export const isTypeScript = (name: string): boolean => name.startsWith('ts:');

export const parseExample = (name: string, program: string): ParsedSource =>
  isTypeScript(name)
    ? parseSource('/example.ts', program, 'javascript')
    : parseSource('/example.py', program, 'python');

export const lintExample = (name: string, program: string, code: string): LintFinding[] =>
  lintSource(parseExample(name, program), { only: [code] });

/** The program after one fix of every finding, one after the other, and what is found in it still. */
export const mended = (
  name: string,
  program: string,
  code: string,
  alternative = 0,
): { text: string; left: LintFinding[] } => {
  let text = program;
  let left = lintExample(name, text, code);
  for (let round = 0; round < 10; round++) {
    const fixes = left.find((finding) => finding.fixes.length > 0)?.fixes;
    if (!fixes) break;
    text = applyEdits(text, fixes[Math.min(alternative, fixes.length - 1)]!.edits);
    left = lintExample(name, text, code);
  }
  return { text, left };
};

export interface FixedExample {
  code: string;
  name: string;
  title: string;
  before: string;
  after: string;
  /** Whether every finding is fixed, not only this one. */
  whole: boolean;
}

/** An example after each of its fixes: each alone, and, where there are several findings, all of them. */
export const fixedExamples = (code: string, name: string, program: string): FixedExample[] => {
  const findings = lintExample(name, program, code);
  const single = findings.flatMap(({ fixes }) =>
    fixes.map(({ title, edits }) => ({ title, after: applyEdits(program, edits), whole: findings.length === 1 })),
  );
  const alternatives = Math.max(0, ...findings.map(({ fixes }) => fixes.length));
  const all =
    findings.length > 1
      ? Array.from({ length: alternatives }, (_, alternative) => ({
          title: `all fixes${alternative > 0 ? `, the ${alternative + 1}. each` : ''}`,
          after: mended(name, program, code, alternative).text,
          whole: true,
        }))
      : [];
  return [...single, ...all].map((each) => ({ code, name, before: program, ...each }));
};
