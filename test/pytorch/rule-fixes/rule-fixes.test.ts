/** Every PyTorch fix of a lint rule, applied to every example that trips the rule, and executed: all in one process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rules } from '../../../extension/source/rules';
import { allCases } from '../../unit/source/rules/all-cases';
import { fixedExamples, isTypeScript } from '../../unit/source/rules/fixing';
import { python } from '../python';
import { executions } from './executions';

/** What these rules find has no fix that would be right everywhere. */
const withoutFix = ['GD401', 'GD402', 'GD404', 'GD405'];

const examples = allCases.flatMap(({ code, trips }) =>
  Object.entries(trips)
    .filter(([name]) => !isTypeScript(name))
    .flatMap(([name, program]) => fixedExamples(code, name, program)),
);

describe('the fixes of the lint rules under PyTorch', () => {
  const results = new Map<(typeof examples)[number], string>();

  before(function () {
    this.timeout(300_000);
    const cases = examples.map(({ code, name, before, after, whole }) => {
      const rule = executions[code];
      const { given = '', then = '', check = rule?.check ?? '' } = rule?.cases[name] ?? {};
      return { before, after, given, then, check: whole ? check : '', compare: rule?.compare ?? false };
    });
    const { stdout, stderr } = spawnSync(python, ['test/pytorch/rule-fixes/check.py'], {
      input: JSON.stringify(cases),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    // The programs print as well; the results are the last line.
    const errors = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1) || JSON.stringify([stderr])) as string[];
    assert.equal(errors.length, examples.length, errors[0]);
    for (const [index, each] of examples.entries()) results.set(each, errors[index]!);
  });

  for (const each of examples)
    it(`${each.code} ${each.name}: ${each.title}`, () => {
      assert.ok(results.get(each) === '', `${results.get(each)}\n${each.after}`);
    });

  for (const { code } of rules.filter(({ frameworks }) => frameworks.includes('pytorch')))
    it(`${code} is executed after its fixes, or offers none`, () => {
      const executed = examples.filter((each) => each.code === code);
      assert.equal(executed.length === 0, withoutFix.includes(code));
      if (executed.length > 0) assert.ok(executions[code], 'nothing says what must hold');
    });

  it('knows no example that does not exist', () => {
    const known = new Set(examples.map(({ code, name }) => `${code} ${name}`));
    const named = Object.entries(executions).flatMap(([code, { cases }]) =>
      Object.keys(cases).map((name) => `${code} ${name}`),
    );
    assert.deepEqual(
      named.filter((each) => !known.has(each)),
      [],
    );
  });
});
