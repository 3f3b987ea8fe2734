import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { lintSource, type LintFinding } from '../../../../extension/source/lint';
import { parseSource, type ParsedSource } from '../../../../extension/source/parse';
import { rules } from '../../../../extension/source/rules';
import { applyEdits } from '../../../../extension/source/text';
import { SyntaxErrors } from '../../../../extension/source/tree';
import type { RuleCases } from './cases';
import { allCases } from './all-cases';

const parse = (name: string, program: string): ParsedSource =>
  name.startsWith('ts:')
    ? parseSource('/example.ts', program, 'javascript')
    : parseSource('/example.py', program, 'python');

const lint = (name: string, program: string, code: string): LintFinding[] =>
  lintSource(parse(name, program), { only: [code] });

/** The program after the first fix of every finding, one after the other. */
const mended = (name: string, program: string, code: string): { text: string; left: LintFinding[] } => {
  let text = program;
  let left = lint(name, text, code);
  for (let round = 0; round < 10; round++) {
    const fix = left.find(({ fixes }) => fixes.length > 0)?.fixes[0];
    if (!fix) break;
    text = applyEdits(text, fix.edits);
    left = lint(name, text, code);
  }
  return { text, left };
};

const isWhole = (name: string, text: string): boolean => {
  const { tree } = parse(name, text);
  return !new SyntaxErrors(tree).within({ from: 0, to: text.length });
};

const examplesAtLeast = 8;

describe('lint rules', () => {
  for (const { code } of rules)
    it(`${code} has a docs page and examples of both kinds`, () => {
      const cases: RuleCases | undefined = allCases.find((each) => each.code === code);
      assert.ok(cases, `no examples for ${code}`);
      assert.ok(Object.keys(cases.trips).length >= examplesAtLeast, 'too few that trip it');
      assert.ok(Object.keys(cases.passes).length >= examplesAtLeast, 'too few that must not');
      const page = `docs/rules/${code}.md`;
      assert.ok(existsSync(page), `${page} is missing`);
      assert.match(readFileSync(page, 'utf8'), new RegExp(`^# ${code}: `));
    });

  it('has no examples of rules that are not registered', () => {
    const codes = rules.map(({ code }) => code);
    assert.deepEqual(
      allCases.map(({ code }) => code).filter((code) => !codes.includes(code)),
      [],
    );
    assert.equal(new Set(codes).size, codes.length);
  });
});

for (const { code, trips, passes } of allCases)
  describe(code, () => {
    for (const [name, program] of Object.entries(trips))
      it(`finds: ${name}`, () => {
        assert.ok(isWhole(name, program), 'the example has a syntax error');
        const findings = lint(name, program, code);
        assert.ok(findings.length > 0, 'nothing found');
        for (const { message, at } of findings) {
          assert.match(message, /^\S.*\S\.$/);
          assert.ok(at.to > at.from);
        }
        const withFix = findings.filter(({ fixes }) => fixes.length > 0);
        if (withFix.length === 0) return;
        const { text, left } = mended(name, program, code);
        assert.ok(isWhole(name, text), `the mended program has a syntax error:\n${text}`);
        const still = left.filter(({ fixes }) => fixes.length > 0);
        assert.deepEqual(
          still.map(({ message }) => message),
          [],
          text,
        );
        assert.ok(left.length <= findings.length - withFix.length, `a second pass still finds something:\n${text}`);
      });

    for (const [name, program] of Object.entries(passes))
      it(`keeps silent: ${name}`, () => {
        assert.deepEqual(
          lint(name, program, code).map(({ message, at }) => `${message} ${program.slice(at.from, at.to)}`),
          [],
        );
      });
  });
