import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { lintSource } from '../../extension/source/lint';
import { parseSource } from '../../extension/source/parse';
import { applyEdits } from '../../extension/source/text';
import { allCases } from '../unit/source/rules/all-cases';
import { python } from './python';

/** Compiles programs, and looks every `torch.…` name up that they write in full. */
const check = `
import ast, importlib, json, sys
import torch
def known(name):
    at = torch
    for part in name.split('.')[1:]:
        if not hasattr(at, part):
            try: importlib.import_module(name)
            except ImportError: return False
            return True
        at = getattr(at, part)
    return True
def dotted(node):
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return inner and inner + '.' + node.attr
    return node.id if isinstance(node, ast.Name) else None
problems = []
for name, text, before in json.load(sys.stdin):
    try: tree = ast.parse(text)
    except SyntaxError as error:
        problems.append(f'{name}: {error}\\n{text}')
        continue
    names = {dotted(node) for node in ast.walk(tree)} - {dotted(node) for node in ast.walk(ast.parse(before))}
    aliases = {'nn': 'torch.nn', 'F': 'torch.nn.functional', 'optim': 'torch.optim', 'torch': 'torch'}
    for each in sorted(filter(None, names)):
        root, *rest = each.split('.')
        if root in aliases and rest and not known('.'.join([aliases[root], *rest])): problems.append(f'{name}: no {each}')
print(json.dumps(problems))
`;

describe('the fixes of the lint rules under Python', () => {
  it('leave programs that compile, with names that PyTorch has', function () {
    this.timeout(120_000);
    const programs = allCases.flatMap(({ code, trips }) =>
      Object.entries(trips)
        .filter(([name]) => !name.startsWith('ts:'))
        .flatMap(([name, program]) =>
          lintSource(parseSource('/a.py', program, 'python'), { only: [code] }).flatMap(({ fixes }) =>
            fixes.map(
              ({ title, edits }) => [`${code} ${name}: ${title}`, applyEdits(program, edits), program] as const,
            ),
          ),
        ),
    );
    assert.ok(programs.length > 100, String(programs.length));
    const { stdout, stderr } = spawnSync(python, ['-c', check], { input: JSON.stringify(programs), encoding: 'utf8' });
    assert.deepEqual(JSON.parse(stdout || JSON.stringify([stderr])), []);
  });
});
