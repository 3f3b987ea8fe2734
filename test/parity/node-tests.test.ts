/** Gradients of the node tests of the onnx package, numerically: one test per operator and form. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkGradient, type Outcome } from './node-gradient';
import { exceptionOf, exceptions, nodeTests, root } from './node-tests';
import { operatorsTable } from './operators-table';

const outcomeOf = (bytes: Uint8Array, name: string): Promise<Outcome> =>
  checkGradient(bytes, name).catch((error: unknown) => ({ kind: 'failed', reason: (error as Error).message }));

describe('gradients of the ONNX node tests', () => {
  const tests = nodeTests();

  for (const [name, bytes] of tests)
    it(name, async () => {
      const outcome = await outcomeOf(bytes, name);
      if (exceptionOf(name)) assert.notEqual(outcome.kind, 'passed', 'passes: take it off the list of exceptions');
      else assert.equal(outcome.kind, 'passed', outcome.kind === 'failed' ? outcome.reason : 'not smooth');
    });

  it('pass but for three in a hundred', () => {
    const counted = [...tests.keys()].filter((name) => exceptionOf(name)?.counts ?? true);
    const passing = counted.filter((name) => !exceptionOf(name));
    assert.ok(passing.length >= 0.97 * counted.length, `${passing.length} of ${counted.length}`);
  });

  it('have no exception that matches nothing', () => {
    const idle = exceptions.filter((exception) => ![...tests.keys()].some((name) => exceptionOf(name) === exception));
    assert.deepEqual(idle, []);
  });

  it('are summed up in docs/operators.md (npm run operators)', () => {
    assert.equal(readFileSync(join(root, 'docs/operators.md'), 'utf8'), operatorsTable());
  });
});
