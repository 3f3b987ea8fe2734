import { strict as assert } from 'node:assert';
import { codeOf, pages } from '../unit/docs/handbook';
import { runPython } from './python';

/** Each snippet in a namespace of its own; one process, because importing PyTorch takes longer than all of them. */
const runner = `
import json, sys, traceback
failed = {}
for path, code in json.loads(sys.argv[1]).items():
    try:
        exec(compile(code, path, "exec"), {"__name__": path})
    except BaseException:
        failed[path] = traceback.format_exc(limit=-1)
print(json.dumps(failed))
`;

describe('the handbook', () => {
  it('has code for PyTorch that runs', async () => {
    const snippets = Object.fromEntries(
      pages.flatMap(({ path, text }) => codeOf(text, 'python').map((code) => [path, code])),
    );
    assert.ok(Object.keys(snippets).length > 30);
    const printed = await runPython(runner, JSON.stringify(snippets));
    assert.deepEqual(JSON.parse(printed.trim().split('\n').at(-1)!), {});
  });
});
