import assert from 'node:assert/strict';
import { disabledIn, disableInFile, disableOnLine } from '../../../extension/source/comments';
import { parseSource } from '../../../extension/source/parse';
import { applyEdits } from '../../../extension/source/text';

const python = (text: string) => parseSource('/a.py', text, 'python');
const typeScript = (text: string) => parseSource('/a.ts', text, 'javascript');

/** The text after a rule was switched off at `at`; checks that it then is. */
const disabledAt = (file: ReturnType<typeof python>, at: string): string => {
  const offset = file.source.text.indexOf(at);
  const edit = disableOnLine(file, 'GD101', offset);
  assert.ok(edit, 'no comment can stand there');
  const text = applyEdits(file.source.text, [edit]);
  const { source } = parseSource(file.source.path, text, file.source.language);
  assert.ok(disabledIn(source).on('GD101', source.lineOf(text.indexOf(at))));
  return text;
};

describe('comments that switch rules off', () => {
  it('stand at the end of the line', () => {
    assert.equal(disabledAt(python('a = 1\nb = 2'), 'a'), 'a = 1  # gradient-doctor: disable=GD101\nb = 2');
    assert.equal(
      disabledAt(typeScript('let a = 1;\r\nb();\r\n'), 'a'),
      'let a = 1;  // gradient-doctor: disable=GD101\r\nb();\r\n',
    );
  });

  it('are added to one that is there, and to other comments', () => {
    assert.equal(
      disabledAt(python('a = 1  # gradient-doctor: disable=GD301\n'), 'a'),
      'a = 1  # gradient-doctor: disable=GD301,GD101\n',
    );
    assert.equal(disabledAt(python('a = 1  # one\n'), 'a'), 'a = 1  # one  # gradient-doctor: disable=GD101\n');
  });

  it('stand on the line before where the line goes on', () => {
    assert.equal(
      disabledAt(python('if x:\n    zz = 1 + \\\n      2\n'), 'zz'),
      'if x:\n    # gradient-doctor: disable-next-line=GD101\n    zz = 1 + \\\n      2\n',
    );
    assert.equal(
      disabledAt(python('zz = f("""\n""")\n'), 'zz'),
      '# gradient-doctor: disable-next-line=GD101\nzz = f("""\n""")\n',
    );
    assert.equal(disableOnLine(python('zz = \\\n  b + \\\n  c'), 'GD101', 8), undefined);
  });

  it('switch a rule off in the file, below its first lines', () => {
    const after = (text: string) => {
      const file = python(text);
      const changed = applyEdits(text, [disableInFile(file, 'GD101')]);
      assert.ok(disabledIn(python(changed).source).on('GD101', 7));
      return changed;
    };
    assert.equal(after('a = 1\n'), '# gradient-doctor: disable=GD101\na = 1\n');
    assert.equal(
      after('#!/usr/bin/env python\n# -*- coding: utf-8 -*-\na\n').split('\n')[2],
      '# gradient-doctor: disable=GD101',
    );
    assert.equal(after('# gradient-doctor: disable=GD301\na\n'), '# gradient-doctor: disable=GD301,GD101\na\n');
  });

  it('add up', () => {
    const { source } = python(
      '# gradient-doctor: disable-next-line=GD101\na  # gradient-doctor: disable=GD102, GD103 because\nb\n',
    );
    const disabled = disabledIn(source);
    const on = (code: string, line: number) => disabled.on(code, line);
    assert.deepEqual(
      [on('GD101', 1), on('GD102', 1), on('GD103', 1), on('GD104', 1), on('GD101', 2)],
      [true, true, true, false, false],
    );
  });
});
