/** Every edit of a remedy, applied to a program, which is then executed under PyTorch, all in one process. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { remedies } from '../../../extension/remedies';
import { sourceEditors } from '../../../extension/remedies/source-edits/editors';
import type { EditPlace } from '../../../extension/remedies/source-edits';
import { at, edited, refusal } from '../../unit/remedies/source-edits/edit';
import { python } from '../python';
import { allCases } from './all-cases';
import type { EditCase } from './cases';

interface Execution {
  before: string;
  after: string;
  check: string;
  runBefore: boolean;
}

const placeOf = ({ program, units, at: part }: EditCase): EditPlace =>
  units ? { units } : part === undefined ? {} : at(program, part);

const execute = (cases: readonly Execution[]): Promise<string[]> =>
  new Promise((done, fail) => {
    const child = spawn(python, ['test/pytorch/source-edits/check.py'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) done(JSON.parse(output) as string[]);
      else fail(new Error(`check.py ended with ${code}`));
    });
    child.stdin.end(JSON.stringify(cases));
  });

const idsOf = ({ uses }: EditCase): string[] => ('id' in uses ? [uses.id] : uses.map(({ id }) => id));

describe('source edits under PyTorch', () => {
  const written = new Map<EditCase, { after: string } | { error: unknown }>();
  let results = new Map<EditCase, string>();

  before(async function () {
    this.timeout(300_000);
    const executions: Execution[] = [];
    const executed: EditCase[] = [];
    for (const each of allCases) {
      try {
        const after = edited(each.program, each.uses, placeOf(each));
        written.set(each, { after });
        executions.push({ before: each.program, after, check: each.check, runBefore: each.runBefore ?? true });
        executed.push(each);
      } catch (error) {
        written.set(each, { error });
      }
    }
    const errors = await execute(executions);
    results = new Map(executed.map((each, index) => [each, errors[index]!]));
  });

  for (const each of allCases)
    it(`${idsOf(each).join(' + ')}: ${each.name}`, () => {
      const made = written.get(each)!;
      if ('error' in made) throw made.error;
      for (const part of each.contains ?? []) assert.ok(made.after.includes(part), `no ${part} in\n${made.after}`);
      assert.equal(results.get(each), '', `${results.get(each)}\n${made.after}`);
      if (each.again instanceof RegExp && 'id' in each.uses)
        assert.match(refusal(made.after, each.uses, each.units ? { units: each.units } : {}), each.again);
    });

  for (const { id } of remedies)
    it(`${id} is executed in at least three styles`, () => {
      assert.ok(sourceEditors[id]?.pytorch, 'no editor');
      const cases = allCases.filter((each) => idsOf(each).includes(id));
      assert.ok(cases.length >= 3, `${cases.length} cases`);
    });
});
