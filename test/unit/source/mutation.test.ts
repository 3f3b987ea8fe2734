/** Programs as they are while someone types: examples cut off, with pieces missing, doubled, moved, or put in. */
import assert from 'node:assert/strict';
import { lintSource } from '../../../extension/source/lint';
import { parseSource, type ParsedSource } from '../../../extension/source/parse';
import { applyEdits } from '../../../extension/source/text';
import { SyntaxErrors } from '../../../extension/source/tree';
import { allCases } from './rules/all-cases';
import { isTypeScript } from './rules/fixing';

const pieces =
  '( ) [ ] { } : = . , " \' """ * ** @ \\ ` ${ => /* // # for if else: lambda async await def class return'.split(' ');

/** Numbers that are the same in every run (Numerical Recipes' generator). */
const random = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

const mutated = (program: string, below: (limit: number) => number): string => {
  const at = below(program.length);
  const lines = program.split('\n');
  switch (below(5)) {
    case 0:
      return program.slice(0, at);
    case 1:
      return program.slice(0, at) + program.slice(at + 1 + below(30));
    case 2:
      return `${program.slice(0, at)}${pieces[below(pieces.length)]!} ${program.slice(at)}`;
    case 3: {
      lines.splice(below(lines.length), 1 + below(4));
      return lines.join('\n');
    }
    default: {
      const from = below(lines.length);
      lines.splice(below(lines.length), 0, ...lines.slice(from, from + 1 + below(8)));
      return lines.join('\n');
    }
  }
};

const isWhole = ({ tree, source }: ParsedSource): boolean =>
  !new SyntaxErrors(tree).within({ from: 0, to: source.text.length });

describe('linting while someone types', () => {
  it('reads headers that are not finished', () => {
    for (const start of ['for', 'for x in', 'for x in y', 'if', 'if x:\n  y\nelif', 'while', 'with', 'match x', 'x +='])
      for (const rest of ['', '\n', ':', ':\n', ' y\nimport torch\n'])
        lintSource(parseSource('/a.py', `import torch\n${start}${rest}`, 'python'));
    for (const text of [
      'f(x for',
      'f(x for y',
      '[x for y in',
      '[x for y in z for w',
      '{x: y for',
      'f(async',
      '@',
      '@x\n',
      'lambda',
    ])
      lintSource(parseSource('/a.py', `import torch\ny = ${text}`, 'python'));
  });

  it('fails on none of 800 mutations of the examples, and no fix breaks a program that is whole', () => {
    const below = random(1);
    const programs = allCases.flatMap(({ trips, passes }) => Object.entries({ ...passes, ...trips }));
    let whole = 0;
    for (let index = 0; index < 800; index++) {
      const [name, program] = programs[index % programs.length]!;
      const text = mutated(program, below);
      const [path, language] = isTypeScript(name) ? (['/a.ts', 'javascript'] as const) : (['/a.py', 'python'] as const);
      const file = parseSource(path, text, language);
      const findings = lintSource(file);
      if (!isWhole(file)) continue;
      whole++;
      for (const { rule, fixes } of findings)
        for (const { title, edits } of fixes) {
          const after = applyEdits(text, edits);
          assert.ok(isWhole(parseSource(path, after, language)), `${rule.code} ${title}:\n${text}\n→\n${after}`);
        }
    }
    assert.ok(whole > 200, `only ${whole} mutations are whole programs`);
  });
});
