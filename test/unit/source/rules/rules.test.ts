import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { rules } from '../../../../extension/source/rules';
import { SyntaxErrors } from '../../../../extension/source/tree';
import type { RuleCases } from './cases';
import { allCases } from './all-cases';
import { lintExample, mended, parseExample } from './fixing';

const isWhole = (name: string, text: string): boolean => {
  const { tree } = parseExample(name, text);
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
        const findings = lintExample(name, program, code);
        assert.ok(findings.length > 0, 'nothing found');
        for (const { message, at } of findings) {
          assert.match(message, /^\S.*\S\.$/);
          assert.ok(at.to > at.from);
        }
        const withFix = findings.filter(({ fixes }) => fixes.length > 0);
        if (withFix.length === 0) return;
        const alternatives = Math.max(...withFix.map(({ fixes }) => fixes.length));
        for (let alternative = 0; alternative < alternatives; alternative++) {
          const { text, left } = mended(name, program, code, alternative);
          assert.ok(isWhole(name, text), `the mended program has a syntax error:\n${text}`);
          const still = left.filter(({ fixes }) => fixes.length > 0);
          assert.deepEqual(
            still.map(({ message }) => message),
            [],
            text,
          );
          assert.ok(left.length <= findings.length - withFix.length, `a second pass still finds something:\n${text}`);
        }
      });

    for (const [name, program] of Object.entries(passes))
      it(`keeps silent: ${name}`, () => {
        assert.deepEqual(
          lintExample(name, program, code).map(({ message, at }) => `${message} ${program.slice(at.from, at.to)}`),
          [],
        );
      });
  });
